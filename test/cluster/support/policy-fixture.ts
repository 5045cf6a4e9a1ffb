import type { Test } from 'tap'
import { buildPolicies } from '../../../src/webhook/policy/build-policies.ts'
import type { PolicyObject } from '../../../src/webhook/policy/injection-policy.ts'
import type { PolicySettings } from '../../../src/webhook/policy/policy-settings.ts'
import { DEFAULT_SETTINGS } from '../../support/mutation-settings.ts'
import type { Cluster } from './cluster.ts'
import { poll } from './daemon.ts'
import { describePod, roleArn } from './webhook-registration.ts'

const ACTIVE_TIMEOUT_MS = 30_000

/** What a policy is made for where nothing else is said: what the command's flags say by default. */
export const DEFAULT_POLICY: PolicySettings = {
  mutation: DEFAULT_SETTINGS,
  mappings: [],
  accountSelector: undefined,
  hasDebugContainers: false,
  apiVersion: 'v1',
}

/** Where objects of a kind are. */
export function policyPath({ apiVersion, kind }: Pick<PolicyObject, 'apiVersion' | 'kind'>): string {
  return `/apis/${apiVersion}/${kind.toLowerCase().replace(/y$/, 'ie')}s`
}

/** Which policies, and for whose pods. */
export interface PolicyScope {
  /** They are namespaces of a test's own, and the first one's name goes into the names of its policies. */
  readonly namespaces: readonly string[]
  readonly settings?: Partial<PolicySettings>
}

/** Applies policies to some namespaces and removes them when the test ends; see {@link applyPolicies}. */
export async function usePolicies(t: Test, cluster: Cluster, scope: PolicyScope): Promise<void> {
  t.teardown(await applyPolicies(cluster, scope))
}

/**
 * Applies the policies to some namespaces alone, under names of their own; what it gives removes them again.
 *
 * Resolves once pods of each namespace are looked at, for which this makes a ServiceAccount in it.
 */
export async function applyPolicies({ client }: Cluster, scope: PolicyScope): Promise<() => Promise<void>> {
  const { namespaces, settings = {} } = scope
  const [suffix = ''] = namespaces
  const objects = buildPolicies({ ...DEFAULT_POLICY, ...settings }).map((object) =>
    limit(object, suffix, namespaces),
  )
  for (const object of objects) await client.create(policyPath(object), object)
  for (const namespace of namespaces) await waitUntilInjected(client, namespace)
  return async () => {
    for (const object of objects) await client.send('DELETE', `${policyPath(object)}/${object.metadata.name}`)
  }
}

function limit(object: PolicyObject, suffix: string, namespaces: readonly string[]): PolicyObject {
  const metadata = { name: `${object.metadata.name}-${suffix}` }
  const { policyName } = object.spec
  if (policyName === undefined) return { ...object, metadata }
  const matchResources = {
    namespaceSelector: {
      matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: namespaces }],
    },
  }
  return {
    ...object,
    metadata,
    spec: { ...object.spec, policyName: `${policyName}-${suffix}`, matchResources },
  }
}

async function waitUntilInjected(client: Cluster['client'], namespace: string): Promise<void> {
  const name = 'policy-probe'
  // It may be there since policies before these.
  await client.send('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, {
    metadata: {
      name,
      annotations: { 'eks.amazonaws.com/role-arn': roleArn(name) },
      labels: { 'eks.amazonaws.com/pod-identity-account': 'true' },
    },
  })
  await waitForRole(client, namespace, name, roleArn(name))
}

/** Resolves once a pod of a ServiceAccount has a role: the watch of the API server's policies has come so far. */
export async function waitForRole(
  client: Cluster['client'],
  namespace: string,
  account: string,
  role: string,
): Promise<void> {
  let last: unknown
  const isSeen = await poll(async () => {
    const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`
    last = (await client.send('POST', path, describePod('policy-probe', account))).body
    return JSON.stringify(last).includes(role) || undefined
  }, ACTIVE_TIMEOUT_MS)
  if (!isSeen)
    throw new Error(`no policy gives pods of ${namespace} their role: ${JSON.stringify(last).slice(0, 500)}`)
}
