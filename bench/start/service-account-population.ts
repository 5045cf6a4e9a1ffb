import { randomUUID } from 'node:crypto'
import { putObjects } from './etcd-objects.ts'

/** How many ServiceAccounts there are, and where. */
export interface Population {
  readonly accounts: number
  readonly namespaces: number
  /** One in so many has a role. */
  readonly oneInHasRole: number
}

/** Writes ServiceAccounts straight into an API server's etcd. */
export async function writeServiceAccounts(etcdUrl: string, population: Population): Promise<void> {
  const indexes = Array.from({ length: population.accounts }, (_, index) => index)
  await putObjects(
    etcdUrl,
    indexes.map((index) => ({
      key: `serviceaccounts/${nameNamespace(index, population)}/${nameAccount(index)}`,
      value: describeAccount(index, population),
    })),
  )
}

/** A ServiceAccount that has a role, the `turn`th of them, round and round. */
export function pickAccountWithRole(turn: number, population: Population) {
  const index = (turn * population.oneInHasRole) % population.accounts
  return { namespace: nameNamespace(index, population), name: nameAccount(index), roleArn: nameRole(index) }
}

function describeAccount(index: number, population: Population) {
  const hasRole = index % population.oneInHasRole === 0
  const created = '2026-01-01T00:00:00Z'
  return {
    kind: 'ServiceAccount',
    apiVersion: 'v1',
    metadata: {
      name: nameAccount(index),
      namespace: nameNamespace(index, population),
      uid: randomUUID(),
      creationTimestamp: created,
      labels: { 'app.kubernetes.io/name': nameAccount(index), 'app.kubernetes.io/managed-by': 'Helm' },
      ...(hasRole ? { annotations: { 'eks.amazonaws.com/role-arn': nameRole(index) } } : {}),
      managedFields: [
        {
          manager: 'helm',
          operation: 'Update',
          apiVersion: 'v1',
          time: created,
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:metadata': { 'f:labels': { '.': {}, 'f:app.kubernetes.io/name': {} } } },
        },
      ],
    },
  }
}

function nameAccount(index: number): string {
  return `service-${index}`
}

/** Neighbours share a namespace's share of roles: the roles are spread over all namespaces. */
function nameNamespace(index: number, population: Population): string {
  return `team-${Math.floor(index / population.oneInHasRole) % population.namespaces}`
}

function nameRole(index: number): string {
  return `arn:aws:iam::123456789012:role/service-${index}`
}
