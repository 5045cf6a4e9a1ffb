import { AwsCallError } from '../aws/call-failure.ts'
import type { Environment } from '../aws/endpoint.ts'
import type { ClusterReader } from '../doctor/cluster-reader.ts'
import { createIamClients } from '../iam/iam-clients.ts'
import { parseIssuer } from '../iam/issuer-url.ts'
import { findRole } from '../iam/role.ts'
import { nameProvider } from '../iam/trust-request.ts'
import { readCluster } from '../oidc/verify/cluster.ts'
import { judgeTrust } from '../oidc/verify/role-trusts.ts'
import { composeRoleArn, isRoleArn } from '../webhook/identity/role-arn.ts'
import type { ClusterSnapshot } from './cluster-snapshot.ts'
import type { Tally } from './tally.ts'

/**
 * Looks each role up in IAM, once, and whether it trusts the ServiceAccounts that have it. Gives what could not be read, a line
 * each.
 */
export async function judgeRoles(
  reader: ClusterReader,
  { accounts, webhook }: ClusterSnapshot,
  tally: Tally,
  env: Environment,
): Promise<readonly string[]> {
  const { iam } = await createIamClients({ env, region: undefined })
  const cluster = await readCluster(reader.client)
  if (cluster.kind !== 'read' || !('value' in cluster.issuer))
    return ['the cluster’s issuer cannot be read: whether roles trust it is not told']
  const { hostPath } = parseIssuer(cluster.issuer.value)
  const gaps: string[] = []
  const byRole = Map.groupBy(accounts.values(), ({ annotations }) =>
    composeRoleArn(annotations.role, webhook.settings.roleArnParts),
  )
  for (const [role, users] of byRole) {
    if (!isRoleArn(role)) continue
    const name = role.slice(role.lastIndexOf('/') + 1)
    try {
      const found = await findRole(iam, name)
      for (const { namespace, name: accountName, annotations } of users) {
        const account = { namespace, name: accountName, role }
        if (found?.arn !== role) {
          const detail = found === undefined ? '' : `the ARN of ${name} is ${found.arn}`
          tally.addAccount(account, { code: 'role_missing', detail })
          continue
        }
        const audience = annotations.audience ?? webhook.settings.defaults.audience
        const subject = `system:serviceaccount:${namespace}:${accountName}`
        const [, partition = '', , , accountId = ''] = role.split(':')
        const providerArn = nameProvider({ partition, accountId }, { hostPath })
        const verdict = judgeTrust(found.trustPolicy, { providerArn, hostPath, subject, audience })
        if (verdict.status === 'failed')
          tally.addAccount(account, { code: 'role_does_not_trust', detail: verdict.message })
      }
    } catch (error) {
      if (!(error instanceof AwsCallError)) throw error
      gaps.push(`${role}: ${error.message}`)
    }
  }
  return gaps
}
