import type { Environment } from '../../aws/endpoint.ts'
import { createCheckList } from '../../checks/check-list.ts'
import type { Issuer } from '../../iam/issuer-url.ts'
import { nameProvider } from '../../iam/trust-request.ts'
import type { ApiClient } from '../../kubernetes/api-client.ts'
import { type AwsCaller, type ClientOptions, chooseClientOptions, findCaller } from './aws-access.ts'
import { type CheckId, type CheckResult, fail, skip, type Verdict } from './check.ts'
import {
  type ClusterChoice,
  type ClusterReading,
  connectCluster,
  readCluster,
  type ServiceAccountName,
} from './cluster.ts'
import { checkIssuerMatches } from './issuer-matches.ts'
import { checkIssuerReachable } from './issuer-reachable.ts'
import { checkKeysPublished } from './keys-published.ts'
import type { ListedKey } from './listed-key.ts'
import { checkProviderExists } from './provider-exists.ts'
import { checkRoleAssumable } from './role-assumable.ts'
import { checkRoleTrusts } from './role-trusts.ts'
import { checkTokenVerifies, nameSubject } from './token-verifies.ts'

/** What is to be verified. */
export interface VerifyRequest {
  readonly issuer: Issuer
  readonly audience: string
  readonly cluster: ClusterChoice
  /** Whose token is tried; none without it. */
  readonly serviceAccount: ServiceAccountName | undefined
  readonly role: RoleName | undefined
  /** Whose STS is asked; chosen where absent. */
  readonly region: string | undefined
}

/** A role by its ARN, and what the ARN says. */
export interface RoleName {
  readonly arn: string
  readonly partition: string
  readonly accountId: string
}

/** What the checks see of the world, and who is told of them. */
export interface VerifySurroundings {
  readonly env: Environment
  /** Milliseconds since 1970. */
  readonly nowMs: () => number
  /** For each public document. */
  readonly timeoutMs: number
  /** A check begins. */
  readonly begin: (id: CheckId) => void
  /** A check has ended. */
  readonly end: (result: CheckResult) => void
}

/**
 * Makes all checks, one after the other; a check without its preconditions is skipped and says why.
 *
 * Rejects in one line where a kubeconfig or CA bundle that was named cannot be used.
 */
export async function verifyIssuer(
  request: VerifyRequest,
  surroundings: VerifySurroundings,
): Promise<readonly CheckResult[]> {
  const client = await connectCluster(request.cluster, surroundings.env)
  try {
    const options = await chooseClientOptions(surroundings.env, {
      region: request.region,
      partition: request.role?.partition,
    })
    return await makeChecks(request, { client, options }, surroundings)
  } finally {
    client?.close()
  }
}

interface Connections {
  readonly client: ApiClient | undefined
  readonly options: ClientOptions
}

async function makeChecks(
  request: VerifyRequest,
  { client, options }: Connections,
  surroundings: VerifySurroundings,
): Promise<readonly CheckResult[]> {
  const { issuer, audience, role } = request
  const { results, check } = createCheckList(surroundings)
  const nameFailed = () => results.filter(({ status }) => status === 'failed').map(({ id }) => id)

  const { discovery } = await check('issuer-reachable', () => checkIssuerReachable(issuer, surroundings))
  const { cluster } = await check('issuer-matches', async () => {
    const reading = await readCluster(client)
    return { cluster: reading, verdict: checkIssuerMatches(issuer.url, discovery, reading) }
  })
  const { published } = await check('keys-published', () =>
    checkKeysPublished(discovery, cluster, surroundings),
  )
  const { token } = await check('token-verifies', () =>
    tryToken(request, { cluster, published, failed: nameFailed() }, surroundings),
  )
  const { caller } = await check('provider-exists', async () => {
    const found = await findCallerFor(role, options)
    if (found.kind === 'unknown') return { caller: found, verdict: found.verdict }
    return { caller: found, verdict: await checkProviderExists(issuer, audience, found.account, options) }
  })
  await check('role-trusts', async () => ({ verdict: await tryTrust(request, caller, options) }))
  await check('role-assumable', async () => {
    const failed = nameFailed()
    if (role === undefined) return { verdict: skip('no role is named', NAME_ROLE) }
    if (failed.length > 0) return { verdict: skip(`STS would refuse: ${failed.join(' and ')} failed`) }
    if (token === undefined) return { verdict: skip('there is no token: token-verifies was skipped') }
    return { verdict: await checkRoleAssumable(role.arn, token, options) }
  })
  return results
}

const NAME_ACCOUNT = 'give --service-account NAMESPACE/NAME'
const NAME_ROLE = 'give --role-arn ARN'

interface FoundBefore {
  readonly cluster: ClusterReading
  readonly published: readonly ListedKey[] | undefined
  /** Names of the checks. */
  readonly failed: readonly CheckId[]
}

interface TriedToken {
  readonly verdict: Verdict
  readonly token: string | undefined
}

async function tryToken(
  { issuer, audience, serviceAccount }: VerifyRequest,
  { cluster, published, failed: [failed] }: FoundBefore,
  { nowMs }: VerifySurroundings,
): Promise<TriedToken> {
  const withoutToken = (verdict: Verdict): TriedToken => ({ verdict, token: undefined })
  if (serviceAccount === undefined) return withoutToken(skip('no ServiceAccount is named', NAME_ACCOUNT))
  if (failed !== undefined) return withoutToken(skip(`${failed} failed`))
  if (cluster.kind !== 'read' || published === undefined)
    return withoutToken(skip('there is no cluster to ask for a token', 'give --kubeconfig or --context'))
  const answer = await cluster.requestToken(serviceAccount, audience)
  if ('flaw' in answer) return withoutToken(fail(answer.flaw))
  const expected = { issuerUrl: issuer.url, audience, account: serviceAccount }
  const verdict = await checkTokenVerifies(answer.value, published, expected, nowMs())
  return { verdict, token: answer.value }
}

async function tryTrust(
  { issuer, audience, serviceAccount, role }: VerifyRequest,
  caller: AwsCaller,
  options: ClientOptions,
): Promise<Verdict> {
  if (role === undefined) return skip('no role is named', NAME_ROLE)
  if (serviceAccount === undefined) return skip('no ServiceAccount is named', NAME_ACCOUNT)
  if (caller.kind === 'unknown') {
    const { status, message, hint } = caller.verdict
    return status === 'failed' ? skip('provider-exists failed') : skip(message, hint)
  }
  const providerArn = nameProvider(role, issuer)
  const subject = nameSubject(serviceAccount)
  return await checkRoleTrusts(
    role.arn,
    { providerArn, hostPath: issuer.hostPath, subject, audience },
    options,
  )
}

/** A role trusts providers of its own account, which other accounts' credentials do not see. */
async function findCallerFor(role: RoleName | undefined, options: ClientOptions): Promise<AwsCaller> {
  const caller = await findCaller(options)
  if (caller.kind === 'unknown' || role === undefined || caller.account.accountId === role.accountId)
    return caller
  const why = `the AWS credentials are of account ${caller.account.accountId}, and the role is of ${role.accountId}`
  return { kind: 'unknown', verdict: skip(why, `use credentials of ${role.accountId}`) }
}
