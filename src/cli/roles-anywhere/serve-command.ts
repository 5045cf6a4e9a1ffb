import { resolve } from 'node:path'
import type { ServingForm } from '../../roles-anywhere/serving/serve.ts'
import { createStopSignal } from '../../telemetry/stop-signal.ts'
import { type Command, defineCommand } from '../engine/command.ts'
import type { FlagGroup, FlagValues } from '../engine/flag-table.ts'
import { UsageError } from '../engine/usage-error.ts'
import {
  REFUSED_GROUPS,
  requireValue,
  SESSION_GROUPS,
  toSessionOptions,
  toSurroundings,
} from './session-options.ts'

/** Linux's own for packets that leave a machine; the helper sets it on its connections. */
const DEFAULT_HOP_LIMIT = 64

const SERVING_FLAGS = {
  title: 'Serving',
  flags: {
    port: {
      kind: 'integer',
      name: 'port',
      default: 9911,
      min: 0,
      max: 65_535,
      help: 'Port on 127.0.0.1; 0 picks a free one.',
    },
    bindAddress: {
      kind: 'string',
      name: 'bind-address',
      placeholder: 'ADDRESS',
      default: '127.0.0.1',
      help: 'Address to listen on. Anybody who can reach an address other than loopback can get the credentials.',
    },
    allowedHosts: {
      kind: 'list',
      name: 'allowed-host',
      placeholder: 'HOST',
      isCommaSeparated: true,
      help: "Values of the Host header that are answered beside loopback's and, with --imds, 169.254.169.254 and [fd00:ec2::254]. May be repeated.",
    },
    authorizationTokenPath: {
      kind: 'string',
      name: 'authorization-token-file',
      placeholder: 'FILE',
      help: 'File with the token that callers must show. Created, readable only by this user, if it does not exist.',
    },
    isMetadata: {
      kind: 'boolean',
      name: 'imds',
      help: 'Serve as EC2 instance metadata (IMDSv2), as the helper does: for programs that know no container credentials. Any user of the machine can then have the credentials.',
    },
    hopLimit: {
      kind: 'integer',
      name: 'hop-limit',
      default: DEFAULT_HOP_LIMIT,
      help: 'Accepted at 64 alone: Node cannot set it.',
    },
  },
} as const satisfies FlagGroup

/** Makes the `serve` command. */
export function createServeCommand(version: string): Command {
  return defineCommand({
    name: 'serve',
    summary: 'Serve credentials to the programs of this machine',
    groups: { serving: SERVING_FLAGS, ...SESSION_GROUPS, ...REFUSED_GROUPS },
    examples: [
      {
        purpose: 'then export the two variables that it prints',
        line: 'roles-anywhere serve --authorization-token-file ~/.aws/roles-anywhere-token --certificate node.pem --private-key node.key --trust-anchor-arn ARN --profile-arn ARN --role-arn ARN',
      },
    ],
    async run(values, io) {
      const form = toServingForm(values.serving)
      const session = toSessionOptions(values, { version, io })
      const { serveCredentials } = await import('../../roles-anywhere/serving/serve.ts')
      const { port, bindAddress, allowedHosts } = values.serving
      if (!/^(?:127\.|::1$|localhost$)/.test(bindAddress))
        io.stderr.write(
          `roles-anywhere: warning: listening on ${bindAddress}: whoever reaches it can have the credentials\n`,
        )
      await serveCredentials(
        { session, form, port, bindAddress, allowedHosts },
        {
          ...toSurroundings(values, io),
          announce: (variables) => io.stdout.write(variables.map((variable) => `${variable}\n`).join('')),
          log: (line) => io.stderr.write(`roles-anywhere: ${line}\n`),
          stop: createStopSignal(),
        },
      )
      return 0
    },
  })
}

function toServingForm({
  isMetadata,
  hopLimit,
  authorizationTokenPath,
}: FlagValues<typeof SERVING_FLAGS.flags>): ServingForm {
  if (hopLimit !== DEFAULT_HOP_LIMIT) {
    throw new UsageError(`--hop-limit is ${hopLimit}; Node cannot set it, so it must be ${DEFAULT_HOP_LIMIT}`)
  }
  if (isMetadata && authorizationTokenPath !== undefined) {
    throw new UsageError('--imds has tokens of its own; give it without --authorization-token-file')
  }
  if (isMetadata) return { kind: 'metadata' }
  const path = requireValue(authorizationTokenPath, SERVING_FLAGS.flags.authorizationTokenPath)
  // Others, in other folders, will read the variable.
  return { kind: 'container', authorizationTokenPath: resolve(path) }
}
