import { type Command, defineCommand } from '../../engine/command.ts'
import type { FlagGroup } from '../../engine/flag-table.ts'
import { UsageError } from '../../engine/usage-error.ts'
import { runPlan } from '../../steps/run-steps.ts'
import { STEP_FLAGS } from '../../steps/step-flags.ts'
import { readEntityName, SETUP_NETWORK_FLAGS } from './setup-flags.ts'

const PROFILE_FLAGS = {
  title: 'Profile',
  flags: {
    roleArns: {
      kind: 'list',
      name: 'role-arn',
      placeholder: 'ARN',
      isCommaSeparated: false,
      help: 'Role that sessions of the profile may be for; those that it has stay. May be repeated; needed.',
    },
    durationSeconds: {
      kind: 'integer',
      name: 'session-duration',
      placeholder: 'SECONDS',
      min: 900,
      max: 43_200,
      help: 'Longest session. What the profile has, and 3600 for a new one, without it.',
    },
    isReplacing: {
      kind: 'boolean',
      name: 'replace',
      help: 'Take away the roles that are not named, in place of keeping them.',
    },
  },
} as const satisfies FlagGroup

/** Makes the `profile ensure` command. */
export function createProfileCommand(version: string): Command {
  return defineCommand({
    name: 'profile ensure',
    summary: 'Make a profile that lists roles in IAM Roles Anywhere, or give it the roles that it lacks',
    operandRule: { placeholder: 'NAME', isRepeatable: false },
    groups: { profile: PROFILE_FLAGS, network: SETUP_NETWORK_FLAGS, steps: STEP_FLAGS },
    examples: [
      {
        purpose: 'let certificates have sessions of a role that pulls images',
        line: 'roles-anywhere profile ensure my-cluster --role-arn arn:aws:iam::111122223333:role/my-cluster-nodes --region eu-central-1',
      },
    ],
    async run({ profile, network, steps }, io, [operand = '']) {
      const name = readEntityName(operand, 'profile')
      if (profile.roleArns.length === 0) throw new UsageError('--role-arn ARN is needed; --help tells more')
      const [{ readRole }, { planProfile }] = await Promise.all([
        import('../../../roles-anywhere/session-target.ts'),
        import('../../../roles-anywhere/setup/plan-profile.ts'),
      ])
      for (const arn of profile.roleArns) readRole(arn)
      const plan = await planProfile({
        name,
        roleArns: [...new Set(profile.roleArns)],
        durationSeconds: profile.durationSeconds,
        isReplacing: profile.isReplacing,
        isDryRun: steps.isDryRun,
        place: { env: io.env, region: network.region, userAgent: `roles-anywhere/${version}` },
      })
      await runPlan(plan, steps, io)
      return 0
    },
  })
}
