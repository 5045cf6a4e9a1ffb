import { type Issuer, parseIssuer } from '../../../iam/issuer-url.ts'
import { parseServiceAccount } from '../../../iam/trust-request.ts'
import { quoteText } from '../../../text/quoted-text.ts'
import type { CommandIo } from '../../engine/command.ts'
import type { FlagGroup, FlagValues, TextRule } from '../../engine/flag-table.ts'
import { UsageError } from '../../engine/usage-error.ts'
import { AWS_ACCOUNT_ID, AWS_PARTITION } from '../flags/text-rules.ts'

/** Of all AWS SDKs that pods use. */
export const DEFAULT_AUDIENCE = 'sts.amazonaws.com'

/** As IAM takes client IDs. A wildcard would be one in the condition too, and a $ a variable. */
export const AUDIENCE = {
  pattern: /^[^\s*?$]{1,255}$/,
  description: 'an audience of up to 255 characters, without spaces, *, ? and $',
} as const satisfies TextRule

/** The issuer, of the commands that need one. */
export const ISSUER_FLAG = {
  kind: 'string',
  name: 'issuer',
  placeholder: 'URL',
  help: "The cluster's issuer, byte for byte as --service-account-issuer of its API server. Needed.",
} as const

/** Who may take a role. */
export const TRUST_FLAGS = {
  title: 'Whom the role trusts',
  flags: {
    issuer: ISSUER_FLAG,
    serviceAccounts: {
      kind: 'list',
      name: 'service-account',
      placeholder: 'NS/NAME',
      isCommaSeparated: false,
      help: 'ServiceAccount whose pods may take the role; * stands for any characters and ? for any one. May be repeated; needed.',
    },
    audience: {
      kind: 'string',
      name: 'audience',
      default: DEFAULT_AUDIENCE,
      accepts: AUDIENCE,
      help: 'Audience that the tokens must be for.',
    },
    isReplacing: {
      kind: 'boolean',
      name: 'replace',
      help: 'Trust only these ServiceAccounts of this issuer, in place of adding them. Trust in others is never touched.',
    },
  },
} as const satisfies FlagGroup

/** Which account the role is in. */
export const ACCOUNT_FLAGS = {
  accountId: {
    kind: 'string',
    name: 'account-id',
    placeholder: 'N',
    accepts: AWS_ACCOUNT_ID,
    help: "Account of the role and of the issuer's OIDC provider.",
  },
  partition: {
    kind: 'string',
    name: 'partition',
    default: 'aws',
    accepts: AWS_PARTITION,
    help: 'Partition of the account.',
  },
} as const

/** What the flags of {@link TRUST_FLAGS} say. Throws a UsageError where they say nothing, or what cannot be. */
export function readTrust(values: FlagValues<typeof TRUST_FLAGS.flags>) {
  const issuer = readIssuer(values.issuer)
  if (values.serviceAccounts.length === 0)
    throw new UsageError('--service-account is needed; it takes NAMESPACE/NAME')
  const subjects = values.serviceAccounts.map((text) => {
    const subject = parseServiceAccount(text)
    if (subject !== undefined) return subject
    throw new UsageError(
      `--service-account is ${quoteText(text)}; it takes NAMESPACE/NAME as Kubernetes has them, with * and ? for wildcards`,
    )
  })
  const trust = {
    subjects: [...new Set(subjects)],
    audience: values.audience,
    isReplacing: values.isReplacing,
  }
  return { issuer, trust }
}

/** Reads the value of `--issuer`. Throws a UsageError. */
export function readIssuer(text: string | undefined): Issuer {
  if (text === undefined) throw new UsageError('--issuer is needed; it takes https://HOST/PATH')
  try {
    return parseIssuer(text)
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** Says about a role's issuer what is no mistake in the command line. */
export function findIssuerWarnings(issuer: Issuer): readonly string[] {
  return issuer.hasPort ? [`IAM takes no issuer with a port, so ${issuer.url} can have no OIDC provider`] : []
}

/** Tells people on stderr, a line each. */
export function writeWarnings({ stderr }: CommandIo, warnings: readonly string[]): void {
  for (const warning of warnings) stderr.write(`pod-identity-webhook: warning: ${warning}\n`)
}
