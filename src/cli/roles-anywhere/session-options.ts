import type { SessionOptions, SessionSurroundings } from '../../roles-anywhere/create-session.ts'
import type { KeyPassword } from '../../roles-anywhere/key-source.ts'
import type { CommandIo } from '../engine/command.ts'
import type { FlagDefinition, GroupValues } from '../engine/flag-table.ts'
import { UsageError } from '../engine/usage-error.ts'
import { KEY_FLAGS } from './flags/key-flags.ts'
import { NETWORK_FLAGS } from './flags/network-flags.ts'
import { SESSION_FLAGS } from './flags/session-flags.ts'
import { UNBUILT_FLAGS } from './flags/unbuilt-flags.ts'

/** The flags of all commands that create sessions. */
export const SESSION_GROUPS = { session: SESSION_FLAGS, keys: KEY_FLAGS, network: NETWORK_FLAGS }

/** The flags of the helper that no command takes; last in --help. */
export const REFUSED_GROUPS = { unbuilt: UNBUILT_FLAGS }

type Values = GroupValues<typeof SESSION_GROUPS>

/** Turns the values of flags into session options. Throws a UsageError where one that is needed is missing. */
export function toSessionOptions(
  { session, keys, network }: Values,
  { version, io }: RunContext,
): SessionOptions {
  return {
    request: {
      trustAnchorArn: requireValue(session.trustAnchorArn, SESSION_FLAGS.flags.trustAnchorArn),
      profileArn: requireValue(session.profileArn, SESSION_FLAGS.flags.profileArn),
      roleArn: requireValue(session.roleArn, SESSION_FLAGS.flags.roleArn),
      durationSeconds: session.durationSeconds,
      roleSessionName: session.roleSessionName,
      region: network.region,
      endpoint: network.endpoint,
    },
    keys: {
      certificatePath: requireValue(keys.certificatePath, KEY_FLAGS.flags.certificatePath),
      privateKeyPath: keys.privateKeyPath,
      intermediatesPath: keys.intermediatesPath,
      keyPassword: toKeyPassword(keys, io.env),
    },
    isTlsVerified: !network.isTlsUnverified,
    userAgent: `roles-anywhere/${version}`,
  }
}

/** What a command runs with. */
export interface RunContext {
  readonly version: string
  readonly io: CommandIo
}

/** What creating sessions needs of the process. */
export function toSurroundings({ network }: Pick<Values, 'network'>, io: CommandIo): SessionSurroundings {
  return {
    env: io.env,
    now: () => new Date(),
    ...(network.isDebug ? { debug: (line) => io.stderr.write(`roles-anywhere: debug: ${line}\n`) } : {}),
  }
}

/** The password of the key: by flag, else by file, else from the environment. */
export function toKeyPassword(
  {
    password,
    passwordPath,
  }: { readonly password: string | undefined; readonly passwordPath: string | undefined },
  env: CommandIo['env'],
): KeyPassword | undefined {
  if (password !== undefined) return { text: password }
  if (passwordPath !== undefined) return { path: passwordPath }
  const text = env['ROLES_ANYWHERE_KEY_PASSWORD']
  return text === undefined ? undefined : { text }
}

/** The value of a flag that is needed. Throws a UsageError where it is not given. */
export function requireValue(
  value: string | undefined,
  { name, placeholder = 'TEXT' }: FlagDefinition,
): string {
  if (value !== undefined) return value
  throw new UsageError(`--${name} ${placeholder} is needed; --help tells more`)
}
