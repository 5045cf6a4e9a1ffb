import http from 'node:http'
import https from 'node:https'
import type { Logger } from '@aws-sdk/types'
import type { Environment } from './endpoint.ts'
import { readCaBundle } from './trusted-certificates.ts'

/** The SDK's own default is to wait for ever. */
const REQUEST_TIMEOUT_MS = 30_000
const CONNECTION_TIMEOUT_MS = 10_000

/** The SDK warns on stderr without one. */
const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/**
 * Options for a client of the AWS SDK: credentials, profiles, retries and `AWS_ENDPOINT_URL` are the SDK's own; proxies
 * (by Node 24.5 and newer) and `AWS_CA_BUNDLE`, which it does not know, are added.
 *
 * Without `region` the SDK finds one in the environment or the profile. Throws an Error of one line on a CA bundle that
 * cannot be read.
 */
export function buildClientOptions({
  env,
  region,
}: {
  readonly env: Environment
  readonly region: string | undefined
}) {
  const ca = readCaBundle(env)
  const pool = { keepAlive: true, proxyEnv: readProxies(env) }
  return {
    ...(region === undefined ? {} : { region }),
    logger: SILENT,
    requestHandler: {
      httpAgent: new http.Agent(pool),
      httpsAgent: new https.Agent({ ...pool, ...(ca === undefined ? {} : { ca }) }),
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  }
}

function readProxies(env: Environment) {
  const names = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()])
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])))
}
