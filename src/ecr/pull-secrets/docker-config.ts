import type { Authorization } from '../plugin/authorization.ts'

/** The key in the data of Secrets of type {@link SECRET_TYPE}. */
export const SECRET_KEY = '.dockerconfigjson'

export const SECRET_TYPE = 'kubernetes.io/dockerconfigjson'

/** Writes passwords by hosts as Docker's configuration (https://kubernetes.io/docs/concepts/configuration/secret/); JSON, the same for the same passwords. */
export function writeDockerConfig(passwords: ReadonlyMap<string, Authorization>): string {
  const hosts = [...passwords].sort(([a], [b]) => (a < b ? -1 : 1))
  const auths = hosts.map(([host, { username, password }]) => [
    host,
    { username, password, auth: Buffer.from(`${username}:${password}`).toString('base64') },
  ])
  return JSON.stringify({ auths: Object.fromEntries(auths) })
}
