import { fail, joinFlaws, pass, type Verdict, warn } from '../../checks/verdict.ts'
import { parseIssuer } from '../../iam/issuer-url.ts'
import { readCluster } from '../../oidc/verify/cluster.ts'
import { checkIssuerMatches } from '../../oidc/verify/issuer-matches.ts'
import { checkIssuerReachable } from '../../oidc/verify/issuer-reachable.ts'
import { checkKeysPublished } from '../../oidc/verify/keys-published.ts'
import type { CheckContext } from '../check.ts'
import { UnreadError } from '../cluster-reader.ts'

/** For each public document. */
const DOCUMENT_TIMEOUT_MS = 10_000

/** Whether STS can read the issuer that the cluster's tokens name, and its keys: the first checks of `oidc verify`. */
export async function checkIssuerPublished({ reader, env }: CheckContext): Promise<Verdict> {
  const cluster = await readCluster(reader.client)
  if (cluster.kind !== 'read')
    throw new UnreadError(cluster.kind === 'absent' ? cluster.why : cluster.flaw.message, '')
  if ('flaw' in cluster.issuer) throw new UnreadError(cluster.issuer.flaw.message, cluster.issuer.flaw.hint)
  const url = cluster.issuer.value
  const issuer = readIssuer(url)
  if (issuer === undefined)
    return fail({
      message: `the cluster's issuer ${url} is nothing that STS could read`,
      hint: 'give kube-apiserver a --service-account-issuer on the internet and publish it: `pod-identity-webhook oidc publish`, docs/kubeadm.md',
    })
  const surroundings = { env, timeoutMs: DOCUMENT_TIMEOUT_MS }
  const { discovery, verdict: reachable } = await checkIssuerReachable(issuer, surroundings)
  const matches = checkIssuerMatches(url, discovery, cluster)
  const { verdict: keys } = await checkKeysPublished(discovery, cluster, surroundings)
  const verdicts = [reachable, matches, keys]
  const flaws = verdicts.filter(({ status }) => status === 'failed')
  if (flaws.length > 0) return fail(joinFlaws(flaws))
  const remarks = verdicts.filter(({ status }) => status === 'warning')
  return remarks.length > 0 ? warn(joinFlaws(remarks)) : pass(`STS can read ${url} and its keys`)
}

/** `undefined` for what is only known inside of the cluster. */
function readIssuer(url: string) {
  try {
    const issuer = parseIssuer(url)
    return /(^|\.)(svc|cluster\.local|localhost)(:\d+)?$/.test(issuer.host) ? undefined : issuer
  } catch {
    return undefined
  }
}
