import { type Command, defineCommand } from '../engine/command.ts'
import type { FlagGroup } from '../engine/flag-table.ts'
import { SUBJECT_FLAGS } from './flags/subject-flags.ts'
import { requireValue } from './session-options.ts'

const POLICY_FLAGS = {
  title: 'Who may take the role',
  flags: {
    trustAnchorArn: {
      kind: 'string',
      name: 'trust-anchor-arn',
      placeholder: 'ARN',
      help: 'Trust anchor whose certificates count.',
    },
    ...SUBJECT_FLAGS,
  },
} as const satisfies FlagGroup

/** Makes the `trust-policy` command. */
export function createTrustPolicyCommand(): Command {
  return defineCommand({
    name: 'trust-policy',
    summary: 'Print the trust policy of a role, with conditions on the certificate',
    groups: { policy: POLICY_FLAGS },
    examples: [
      {
        purpose: "a role for a cluster's nodes, where the trust anchor is the cluster's CA",
        line: "roles-anywhere trust-policy --trust-anchor-arn ARN --subject-o system:nodes --subject-cn-like 'system:node:*'",
      },
    ],
    async run({ policy: { trustAnchorArn, ...conditions } }, io) {
      const arn = requireValue(trustAnchorArn, POLICY_FLAGS.flags.trustAnchorArn)
      const { createTrustPolicy } = await import('../../roles-anywhere/trust-policy.ts')
      const { policy, warnings } = createTrustPolicy(arn, conditions)
      for (const warning of warnings) io.stderr.write(`roles-anywhere: warning: ${warning}\n`)
      io.stdout.write(`${JSON.stringify(policy, null, 2)}\n`)
      return 0
    },
  })
}
