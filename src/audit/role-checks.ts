import type { IAMClient } from '@aws-sdk/client-iam'
import { AwsCallError } from '../aws/call-failure.ts'
import type { Environment } from '../aws/endpoint.ts'
import type { ClusterReader } from '../doctor/cluster-reader.ts'
import { createIamClients } from '../iam/iam-clients.ts'
import { parseIssuer } from '../iam/issuer-url.ts'
import { findRole, type Role } from '../iam/role.ts'
import { nameProvider } from '../iam/trust-request.ts'
import { readCluster } from '../oidc/verify/cluster.ts'
import { judgeTrust } from '../oidc/verify/role-trusts.ts'
import { composeRoleArn, isRoleArn } from '../webhook/identity/role-arn.ts'
import type { ClusterSnapshot } from './cluster-snapshot.ts'
import type { PodFinding } from './judge-pod.ts'
import type { Tally } from './tally.ts'

/** A ServiceAccount that wants a role, with tokens for an audience. */
export interface RoleUser {
  readonly namespace: string
  readonly name: string
  readonly audience: string
}

/** What asks IAM for roles of the cluster's ServiceAccounts. */
export interface RoleLookup {
  /** By its ARN; undefined where there is none of its name. Rejects with an AwsCallError. */
  find(roleArn: string): Promise<Role | undefined>
  /** What is wrong with the role for the ServiceAccount; undefined where nothing is. */
  judge(roleArn: string, found: Role | undefined, user: RoleUser): PodFinding | undefined
}

/** Prepares lookups; undefined where the cluster's issuer, which trust policies name, cannot be read. */
export async function openRoleLookup(
  reader: ClusterReader,
  env: Environment,
): Promise<RoleLookup | undefined> {
  const [{ iam }, cluster] = await Promise.all([
    createIamClients({ env, region: undefined }),
    readCluster(reader.client),
  ])
  if (cluster.kind !== 'read' || !('value' in cluster.issuer)) return undefined
  return createLookup(iam, parseIssuer(cluster.issuer.value).hostPath)
}

function createLookup(iam: IAMClient, hostPath: string): RoleLookup {
  return {
    find: (roleArn) => findRole(iam, roleArn.slice(roleArn.lastIndexOf('/') + 1)),
    judge(roleArn, found, { namespace, name, audience }) {
      if (found === undefined) return { code: 'role_missing', detail: '' }
      if (found.arn !== roleArn)
        return { code: 'role_missing', detail: `the role of that name is ${found.arn}` }
      const [, partition = '', , , accountId = ''] = roleArn.split(':')
      const providerArn = nameProvider({ partition, accountId }, { hostPath })
      const subject = `system:serviceaccount:${namespace}:${name}`
      const { status, message } = judgeTrust(found.trustPolicy, { providerArn, hostPath, subject, audience })
      return status === 'failed' ? { code: 'role_does_not_trust', detail: message } : undefined
    },
  }
}

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
  const lookup = await openRoleLookup(reader, env)
  if (lookup === undefined) return ['the cluster’s issuer cannot be read: whether roles trust it is not told']
  const gaps: string[] = []
  const { defaults, roleArnParts } = webhook.settings
  const byRole = Map.groupBy(accounts.values(), ({ annotations }) =>
    composeRoleArn(annotations.role, roleArnParts),
  )
  for (const [role, users] of byRole) {
    if (!isRoleArn(role)) continue
    try {
      const found = await lookup.find(role)
      for (const { namespace, name, annotations } of users) {
        const user = { namespace, name, audience: annotations.audience ?? defaults.audience }
        const finding = lookup.judge(role, found, user)
        if (finding !== undefined) tally.addAccount({ namespace, name, role }, finding)
      }
    } catch (error) {
      if (!(error instanceof AwsCallError)) throw error
      gaps.push(`${role}: ${error.message}`)
    }
  }
  return gaps
}
