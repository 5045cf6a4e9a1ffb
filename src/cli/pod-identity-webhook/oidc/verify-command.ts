import { parseArn } from '../../../aws/arn.ts'
import type { CheckResult } from '../../../oidc/verify/check.ts'
import type { RoleName, VerifyRequest, VerifySurroundings } from '../../../oidc/verify/verify-issuer.ts'
import { type Command, defineCommand } from '../../engine/command.ts'
import type { FlagGroup } from '../../engine/flag-table.ts'
import { UsageError } from '../../engine/usage-error.ts'
import { reportChecks } from '../checks/check-report.ts'
import { CLUSTER_FLAGS } from '../flags/cluster-flags.ts'
import { SERVICE_ACCOUNT } from '../flags/text-rules.ts'
import { AUDIENCE, DEFAULT_AUDIENCE, ISSUER_FLAG, readIssuer } from '../iam/trust-flags.ts'

/** What is verified, and how it is told. */
const VERIFY_FLAGS = {
  title: 'What to verify',
  flags: {
    issuer: ISSUER_FLAG,
    audience: {
      kind: 'string',
      name: 'audience',
      default: DEFAULT_AUDIENCE,
      accepts: AUDIENCE,
      help: 'Audience of the tokens.',
    },
    serviceAccount: {
      kind: 'string',
      name: 'service-account',
      placeholder: 'NAMESPACE/NAME',
      accepts: SERVICE_ACCOUNT,
      completes: 'service-account',
      help: 'ServiceAccount whose token is tried: one is asked for and thrown away.',
    },
    roleArn: {
      kind: 'string',
      name: 'role-arn',
      placeholder: 'ARN',
      help: 'Role that the ServiceAccount is to get: its trust policy is read, and it is taken once.',
    },
    region: {
      kind: 'string',
      name: 'region',
      help: "Region whose STS is asked, as pods there ask it; without it the environment's or the profile's, else the first of the role's partition.",
    },
    output: {
      kind: 'enum',
      name: 'output',
      short: 'o',
      values: ['text', 'json'],
      default: 'text',
      help: 'Form of the result on stdout: a line for each check, or one JSON object.',
    },
  },
} as const satisfies FlagGroup

/** The longest name of a check. */
const ID_WIDTH = 16

/** A document of some kilobytes; STS itself waits about as long. */
const DOCUMENT_TIMEOUT_MS = 10_000

/** Makes the `oidc verify` command. */
export function createVerifyCommand(
  verify: (request: VerifyRequest, surroundings: VerifySurroundings) => Promise<readonly CheckResult[]>,
): Command {
  return defineCommand({
    name: 'oidc verify',
    summary: 'Find out why STS says no: check issuer, keys, token, provider and role, one after the other',
    groups: { what: VERIFY_FLAGS, cluster: CLUSTER_FLAGS },
    examples: [
      {
        purpose: 'the published documents and the cluster',
        line: 'pod-identity-webhook oidc verify --issuer https://s3.eu-central-1.amazonaws.com/my-bucket',
      },
      {
        purpose: 'the whole way from a ServiceAccount to its role',
        line: 'pod-identity-webhook oidc verify --issuer https://s3.eu-central-1.amazonaws.com/my-bucket --service-account default/app --role-arn arn:aws:iam::111122223333:role/app',
      },
    ],
    async run({ what, cluster }, io) {
      const request = {
        issuer: readIssuer(what.issuer),
        audience: what.audience,
        cluster,
        serviceAccount: readServiceAccount(what.serviceAccount),
        role: readRole(what.roleArn),
        region: what.region,
      }
      const report = { output: what.output, idWidth: ID_WIDTH, about: { issuer: request.issuer.url } }
      const results = await reportChecks<CheckResult>(io, report, (audience) =>
        verify(request, {
          env: io.env,
          nowMs: () => Date.now(),
          timeoutMs: DOCUMENT_TIMEOUT_MS,
          ...audience,
        }),
      )
      return results.some(({ status }) => status === 'failed') ? 1 : 0
    },
  })
}

function readServiceAccount(text: string | undefined): VerifyRequest['serviceAccount'] {
  if (text === undefined) return undefined
  const [namespace = '', name = ''] = text.split('/')
  return { namespace, name }
}

function readRole(text: string | undefined): RoleName | undefined {
  if (text === undefined) return undefined
  const arn = parseArn(text)
  const isRole = arn?.service === 'iam' && arn.accountId !== '' && arn.resource.startsWith('role/')
  if (arn !== undefined && isRole) return { arn: text, partition: arn.partition, accountId: arn.accountId }
  throw new UsageError('--role-arn takes the ARN of a role, such as arn:aws:iam::111122223333:role/app')
}
