import { existsSync } from 'node:fs'
import { describePath } from '../text/quoted-text.ts'
import { explainCredentialFailure } from './credential-failure.ts'
import type { Environment } from './endpoint.ts'

/**
 * Says in one line where the AWS SDK's chain looked for credentials, and why each place gave none. `message` is what the chain
 * said at its end, which is the same for ten causes.
 */
export function describeCredentialTrail(message: string, env: Environment): string {
  return [
    describeKeys(env),
    describeProfile(message, env),
    describeWebIdentity(env),
    describeContainer(env),
    describeMetadata(env),
  ].join('; ')
}

function describeKeys(env: Environment): string {
  const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']
  const [missing] = names.filter((name) => !env[name])
  const isHalf = names.some((name) => env[name])
  return isHalf ? `${missing} is missing in the environment` : 'no keys in the environment'
}

function describeProfile(message: string, env: Environment): string {
  const failure = explainCredentialFailure(message, {
    ...env,
    AWS_ACCESS_KEY_ID: undefined,
    AWS_WEB_IDENTITY_TOKEN_FILE: undefined,
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: undefined,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: undefined,
  })
  return failure.kind === 'missing' ? 'no credentials in the profile default' : failure.message
}

function describeWebIdentity(env: Environment): string {
  const path = env['AWS_WEB_IDENTITY_TOKEN_FILE']
  if (!path) return 'AWS_WEB_IDENTITY_TOKEN_FILE is not set'
  if (!env['AWS_ROLE_ARN']) return 'AWS_ROLE_ARN is missing beside AWS_WEB_IDENTITY_TOKEN_FILE'
  if (!existsSync(path)) return `AWS_WEB_IDENTITY_TOKEN_FILE: there is no file ${describePath(path)}`
  return `AWS_WEB_IDENTITY_TOKEN_FILE: ${describePath(path)} gives nothing`
}

function describeContainer(env: Environment): string {
  const name = ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI'].find(
    (candidate) => env[candidate],
  )
  return name === undefined ? 'no container credentials are set' : `${name}: it gives nothing`
}

function describeMetadata(env: Environment): string {
  return env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true'
    ? 'EC2 metadata is off (AWS_EC2_METADATA_DISABLED)'
    : 'EC2 metadata gives nothing'
}
