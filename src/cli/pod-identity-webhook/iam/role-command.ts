import type { RoleOptions, RolePlan } from '../../../iam/plan-role.ts'
import { quoteText } from '../../../text/quoted-text.ts'
import { type Command, defineCommand } from '../../engine/command.ts'
import type { FlagGroup } from '../../engine/flag-table.ts'
import { UsageError } from '../../engine/usage-error.ts'
import { runPlan } from '../../steps/run-steps.ts'
import { STEP_FLAGS } from '../../steps/step-flags.ts'
import { REGION_FLAG } from './region-flag.ts'
import { ACCOUNT_FLAGS, findIssuerWarnings, readTrust, TRUST_FLAGS, writeWarnings } from './trust-flags.ts'

const ROLE_FLAGS = {
  title: 'Role',
  flags: {
    policyArns: {
      kind: 'list',
      name: 'policy-arn',
      placeholder: 'ARN',
      isCommaSeparated: false,
      help: 'Managed policy to attach to the role; those that it has stay. May be repeated.',
    },
    accountId: {
      ...ACCOUNT_FLAGS.accountId,
      help: 'Account that the credentials must be for; needed by --dry-run without credentials.',
    },
    partition: {
      ...ACCOUNT_FLAGS.partition,
      help: 'Partition of the account, for --dry-run without credentials; else the credentials tell.',
    },
    region: REGION_FLAG,
  },
} as const satisfies FlagGroup

/** A role's name: as IAM takes it. */
const ROLE_NAME = /^[\w+=,.@-]{1,64}$/
const POLICY_ARN = /^arn:aws(?:-[a-z0-9]+)*:iam::(?:aws|\d{12}):policy\/[\w+=,.@/-]+$/

/** Makes the `role ensure` command. */
export function createRoleCommand(planRole: (options: RoleOptions) => Promise<RolePlan>): Command {
  return defineCommand({
    name: 'role ensure',
    summary: 'Make a role that ServiceAccounts may take, or let them take one that there is',
    operandRule: { placeholder: 'NAME', isRepeatable: false },
    groups: { trust: TRUST_FLAGS, role: ROLE_FLAGS, steps: STEP_FLAGS },
    examples: [
      {
        purpose: 'a role that may read S3, for one ServiceAccount',
        line: 'pod-identity-webhook role ensure cart --issuer https://s3.eu-central-1.amazonaws.com/my-cluster-oidc --service-account shop/cart --policy-arn arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess',
      },
    ],
    async run({ trust: trustValues, role, steps }, io, [name = '']) {
      if (!ROLE_NAME.test(name))
        throw new UsageError(
          `the role's name is ${quoteText(name)}; it takes up to 64 letters, digits and _+=,.@-`,
        )
      const wrong = role.policyArns.find((arn) => !POLICY_ARN.test(arn))
      if (wrong !== undefined)
        throw new UsageError(
          `--policy-arn is ${quoteText(wrong)}; it takes the ARN of a managed policy such as arn:aws:iam::aws:policy/ReadOnlyAccess`,
        )
      const { issuer, trust } = readTrust(trustValues)
      const plan = await planRole({
        name,
        issuer,
        trust,
        policyArns: [...new Set(role.policyArns)],
        account: { partition: role.partition, accountId: role.accountId },
        isDryRun: steps.isDryRun,
        region: role.region,
        env: io.env,
      })
      writeWarnings(io, [...findIssuerWarnings(issuer), ...plan.warnings])
      await runPlan(plan, steps, io)
      return 0
    },
  })
}
