import { quoteText } from '../../text/quoted-text.ts'
import { type Flaw, fail, joinFlaws, pass, skip, type Verdict, warn } from './check.ts'
import type { ClusterReading } from './cluster.ts'
import type { Discovery } from './issuer-reachable.ts'

/** Compares the issuer, byte for byte, with the one that is published and the one that the cluster writes in its tokens. */
export function checkIssuerMatches(
  issuerUrl: string,
  published: Discovery,
  cluster: ClusterReading,
): Verdict {
  const flaws: Flaw[] = []
  if (published !== undefined) flaws.push(...comparePublished(issuerUrl, published['issuer']))
  if (cluster.kind === 'unreachable') flaws.push(cluster.flaw)
  if (cluster.kind === 'read') {
    flaws.push(
      ...('flaw' in cluster.issuer ? [cluster.issuer.flaw] : compareCluster(issuerUrl, cluster.issuer.value)),
    )
  }
  if (flaws.length > 0) return fail(joinFlaws(flaws))
  if (published === undefined) return skip('issuer-reachable failed: there is no document to compare')
  if (cluster.kind === 'absent')
    return warn({
      message: `the published issuer is ${issuerUrl}; the cluster's is not known: ${cluster.why}`,
      hint: 'give --kubeconfig or --context to compare it with the cluster',
    })
  return pass(`published and of the cluster: ${issuerUrl}`)
}

function comparePublished(issuerUrl: string, published: unknown): readonly Flaw[] {
  if (published === issuerUrl) return []
  if (typeof published !== 'string')
    return [
      {
        message: 'the discovery document has no issuer',
        hint: 'publish it again with `pod-identity-webhook oidc publish`',
      },
    ]
  return [
    {
      message: `the discovery document says ${quoteText(published)}, not ${quoteText(issuerUrl)}${nameDifference(published, issuerUrl)}`,
      hint: 'publish it with exactly the issuer that the cluster has, or give that one to --issuer',
    },
  ]
}

function compareCluster(issuerUrl: string, cluster: string): readonly Flaw[] {
  if (cluster === issuerUrl) return []
  const parts = cluster.split(',').map((part) => part.trim())
  if (parts.length > 1 && parts.every((part) => part.startsWith('https://')))
    return [
      {
        message: `the cluster's issuer is two joined by a comma, ${quoteText(cluster)}: its tokens say so too, and no provider has that name`,
        hint: `give kube-apiserver a --service-account-issuer for each, the first being ${issuerUrl}; with EKS Anywhere set it once, in podIamConfig.serviceAccountIssuer or in apiServerExtraArgs, not in both`,
      },
    ]
  return [
    {
      message: `the cluster's issuer is ${quoteText(cluster)}, not ${quoteText(issuerUrl)}${nameDifference(cluster, issuerUrl)}`,
      hint: `start kube-apiserver with --service-account-issuer=${issuerUrl}, or publish and verify the cluster's own`,
    },
  ]
}

function nameDifference(found: string, wanted: string): string {
  const withoutSlashes = (text: string) => text.replace(/\/+$/, '')
  if (withoutSlashes(found) === withoutSlashes(wanted)) return ': they differ by a slash at the end'
  if (found.trim() === wanted) return ': they differ by white space'
  if (found.toLowerCase() === wanted.toLowerCase()) return ': they differ by capitals'
  return found.replace(/^http:/, 'https:') === wanted ? ': http and https differ' : ''
}
