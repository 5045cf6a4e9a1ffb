import { readFileSync } from 'node:fs'
import { toPrintableLine } from '../text/printable-line.ts'
import type { Environment } from './endpoint.ts'
import { locateSharedFiles } from './shared-settings.ts'

/** Why the SDK's chain of credentials gave none. */
export type CredentialFailure =
  /** Nothing says where credentials could come from. */
  | { readonly kind: 'missing' }
  /** Something says so, and it does not work; `message` is the cause and what to do. */
  | { readonly kind: 'broken'; readonly message: string }

/** What the last link of the chain says; links before it that failed are not told. */
const CHAIN_ENDED = 'Could not load credentials from any providers'

/** Variables that name a source of credentials. */
const SOURCE_VARIABLES = [
  'AWS_ACCESS_KEY_ID',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
] as const

/** Members of a profile that name one. */
const SOURCE_MEMBER =
  /^(?:aws_access_key_id|aws_secret_access_key|credential_process|credential_source|login_session|role_arn|source_profile|sso_\w+|web_identity_token_file)$/

/** Tells what became of the chain from its error's text and from where it looked: `env`, and the files that it names. */
export function explainCredentialFailure(message: string, env: Environment): CredentialFailure {
  const profile = env['AWS_PROFILE'] || 'default'
  const option = env['AWS_PROFILE'] ? ` --profile ${toPrintableLine(profile)}` : ''
  if (/\bsso\b/i.test(message) && !/invalid SSO credentials|conflicting/i.test(message))
    return broken(`the AWS session has ended: sign in again with \`aws sso login${option}\``)
  if (message !== CHAIN_ENDED)
    return broken(`${toPrintableLine(message)}; \`aws sts get-caller-identity${option}\` tells more`)
  const { config, credentials } = locateSharedFiles(env)
  const files = [config, credentials]
  const members = files.flatMap((file) => readProfile(file, profile) ?? [])
  const isFound = files.some((file) => readProfile(file, profile) !== undefined)
  if (env['AWS_PROFILE'] && !isFound)
    return broken(
      `the profile ${toPrintableLine(profile)}, which AWS_PROFILE names, is in neither ${files.join(' nor ')}: check its name`,
    )
  if (members.includes('credential_process'))
    return broken(
      `the credential_process of the profile ${toPrintableLine(profile)} failed: run its command by hand and see why`,
    )
  if (env['AWS_PROFILE'] || members.some((name) => SOURCE_MEMBER.test(name)))
    return broken(
      `the profile ${toPrintableLine(profile)} gives no credentials: \`aws sts get-caller-identity${option}\` tells why`,
    )
  const variable = SOURCE_VARIABLES.find((name) => env[name])
  if (variable !== undefined)
    return broken(`${variable} is set, but gives no credentials: complete or unset it`)
  return { kind: 'missing' }
}

function broken(message: string): CredentialFailure {
  return { kind: 'broken', message }
}

/** Names of a profile's members in one of the two files; `undefined` where it is not there. */
function readProfile(file: string, profile: string): readonly string[] | undefined {
  let members: string[] | undefined
  let isInside = false
  for (const line of readLines(file)) {
    const section = /^\s*\[\s*(?:profile\s+)?(.*?)\s*\]/.exec(line)?.[1]
    if (section !== undefined) isInside = section.replaceAll(/^["']|["']$/g, '') === profile
    if (isInside) members ??= []
    const member = /^([\w-]+)\s*=/.exec(line)?.[1]
    if (isInside && member !== undefined) members?.push(member)
  }
  return members
}

/** A file that is not there, or may not be read, is empty to the SDK too. */
function readLines(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/)
  } catch {
    return []
  }
}
