import { createStopSignal } from '../../telemetry/stop-signal.ts'
import { type Command, defineCommand } from '../engine/command.ts'
import type { FlagGroup } from '../engine/flag-table.ts'
import { UsageError } from '../engine/usage-error.ts'
import { REFUSED_GROUPS, SESSION_GROUPS, toSessionOptions, toSurroundings } from './session-options.ts'

const UPDATE_FLAGS = {
  title: 'Credentials file',
  flags: {
    profile: {
      kind: 'string',
      name: 'profile',
      placeholder: 'NAME',
      default: 'default',
      help: 'Profile of the shared credentials file to keep fresh. The file is ~/.aws/credentials, or what AWS_SHARED_CREDENTIALS_FILE names.',
    },
    isOnce: { kind: 'boolean', name: 'once', help: 'Write once and exit.' },
    isEndless: {
      kind: 'boolean',
      name: 'retry-errors',
      help: 'Keep going after errors even when no valid credentials are left.',
    },
  },
} as const satisfies FlagGroup

/** Makes the `update` command. */
export function createUpdateCommand(version: string): Command {
  return defineCommand({
    name: 'update',
    summary: 'Keep a profile of the shared credentials file fresh',
    groups: { update: UPDATE_FLAGS, ...SESSION_GROUPS, ...REFUSED_GROUPS },
    examples: [
      {
        purpose: 'for programs that read ~/.aws/credentials alone',
        line: 'roles-anywhere update --profile node --certificate node.pem --private-key node.key --trust-anchor-arn ARN --profile-arn ARN --role-arn ARN',
      },
    ],
    async run(values, io) {
      const { profile, isOnce, isEndless } = values.update
      if (isOnce && isEndless) throw new UsageError('--once and --retry-errors exclude each other')
      const session = toSessionOptions(values, { version, io })
      const { updateProfile } = await import('../../roles-anywhere/credentials-file/update.ts')
      await updateProfile(
        { session, profile, isOnce, isEndless },
        {
          ...toSurroundings(values, io),
          log: (line) => io.stderr.write(`roles-anywhere: ${line}\n`),
          stop: createStopSignal(),
        },
      )
      return 0
    },
  })
}
