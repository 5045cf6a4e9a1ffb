import type { RoleOptions, RolePlan } from '../../../iam/plan-role.ts'
import { type PullSource, parsePullSource } from '../../../iam/pull-source.ts'
import type { RoleTrust } from '../../../iam/role-trust.ts'
import { quoteText } from '../../../text/quoted-text.ts'
import { type Command, defineCommand } from '../../engine/command.ts'
import type { FlagGroup, FlagValues } from '../../engine/flag-table.ts'
import { UsageError } from '../../engine/usage-error.ts'
import { SUBJECT_FLAGS } from '../../roles-anywhere/flags/subject-flags.ts'
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
    pullSources: {
      kind: 'list',
      name: 'pull-from',
      placeholder: 'ACCOUNT[/REPOSITORY]',
      isCommaSeparated: false,
      help: 'Account whose ECR repositories, or those that the pattern fits, the role may pull images from, by an inline policy ecr-pull; those that it has stay. May be repeated.',
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

/** Whom a role trusts in place of ServiceAccounts. */
const CERTIFICATE_FLAGS = {
  title: 'Or certificates, by IAM Roles Anywhere',
  flags: {
    trustAnchorArn: {
      kind: 'string',
      name: 'trust-anchor-arn',
      placeholder: 'ARN',
      help: 'Trust anchor whose certificates may take the role, in place of --issuer and --service-account.',
    },
    ...SUBJECT_FLAGS,
  },
} as const satisfies FlagGroup

/** Makes the `role ensure` command. */
export function createRoleCommand(planRole: (options: RoleOptions) => Promise<RolePlan>): Command {
  return defineCommand({
    name: 'role ensure',
    summary: 'Make a role that ServiceAccounts or certificates may take, or let them take one that there is',
    operandRule: { placeholder: 'NAME', isRepeatable: false },
    groups: { trust: TRUST_FLAGS, certificates: CERTIFICATE_FLAGS, role: ROLE_FLAGS, steps: STEP_FLAGS },
    examples: [
      {
        purpose: 'a role that may read S3, for one ServiceAccount',
        line: 'pod-identity-webhook role ensure cart --issuer https://s3.eu-central-1.amazonaws.com/my-cluster-oidc --service-account shop/cart --policy-arn arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess',
      },
      {
        purpose: "a role by which a cluster's nodes pull images",
        line: "pod-identity-webhook role ensure my-cluster-nodes --trust-anchor-arn ARN --subject-o system:nodes --subject-cn-like 'system:node:*' --pull-from 111122223333",
      },
    ],
    async run({ trust: trustValues, certificates, role, steps }, io, [name = '']) {
      if (!ROLE_NAME.test(name))
        throw new UsageError(
          `the role's name is ${quoteText(name)}; it takes up to 64 letters, digits and _+=,.@-`,
        )
      const wrong = role.policyArns.find((arn) => !POLICY_ARN.test(arn))
      if (wrong !== undefined)
        throw new UsageError(
          `--policy-arn is ${quoteText(wrong)}; it takes the ARN of a managed policy such as arn:aws:iam::aws:policy/ReadOnlyAccess`,
        )
      const { trust, warnings } = await readRoleTrust(trustValues, certificates)
      const plan = await planRole({
        name,
        trust,
        policyArns: [...new Set(role.policyArns)],
        pullSources: readPullSources(role.pullSources),
        account: { partition: role.partition, accountId: role.accountId },
        isDryRun: steps.isDryRun,
        region: role.region,
        env: io.env,
      })
      writeWarnings(io, [...warnings, ...plan.warnings])
      await runPlan(plan, steps, io)
      return 0
    },
  })
}

interface ReadTrust {
  readonly trust: RoleTrust
  readonly warnings: readonly string[]
}

async function readRoleTrust(
  accounts: FlagValues<typeof TRUST_FLAGS.flags>,
  { trustAnchorArn, subjectO, subjectCnLike }: FlagValues<typeof CERTIFICATE_FLAGS.flags>,
): Promise<ReadTrust> {
  const [{ trustServiceAccounts, trustStatement }, { createTrustPolicy }] = await Promise.all([
    import('../../../iam/role-trust.ts'),
    import('../../../roles-anywhere/trust-policy.ts'),
  ])
  if (trustAnchorArn === undefined) {
    if (subjectO !== undefined || subjectCnLike !== undefined)
      throw new UsageError('--subject-o and --subject-cn-like go with --trust-anchor-arn')
    const { issuer, trust } = readTrust(accounts)
    return { trust: trustServiceAccounts(issuer, trust), warnings: findIssuerWarnings(issuer) }
  }
  if (accounts.issuer !== undefined || accounts.serviceAccounts.length > 0 || accounts.isReplacing)
    throw new UsageError(
      '--trust-anchor-arn does not go with --issuer, --service-account and --replace: a role gets both kinds of trust by two commands',
    )
  const { statement, warnings } = createTrustPolicy(trustAnchorArn, { subjectO, subjectCnLike })
  return {
    trust: trustStatement(statement, { detail: `certificates of ${trustAnchorArn}`, warnings }),
    warnings: [],
  }
}

function readPullSources(texts: readonly string[]): readonly PullSource[] {
  return texts.map((text) => {
    const source = parsePullSource(text)
    if (source !== undefined) return source
    throw new UsageError(
      `--pull-from is ${quoteText(text)}; it takes an account's twelve digits, and after a slash a repository, with * and ? for wildcards`,
    )
  })
}
