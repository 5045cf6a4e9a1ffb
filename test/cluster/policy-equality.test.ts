import type { V1Pod } from '@kubernetes/client-node'
import fc from 'fast-check'
import t from 'tap'
import { MARK_ANNOTATION } from '../../src/webhook/policy/mark.ts'
import { type PodCase, podCaseArbitrary } from '../support/api-pod-arbitrary.ts'
import { GOLDEN_PODS } from '../support/golden-pods.ts'
import { useCluster } from './support/cluster.ts'
import { usePolicies, waitForRole } from './support/policy-fixture.ts'
import { useWebhook } from './support/webhook-fixture.ts'
import { registerWebhook, roleArn } from './support/webhook-registration.ts'

const POD_COUNT = 2_000
/** As many ServiceAccounts are evaluated for each pod of the policies' namespaces. */
const BATCH_SIZE = 10
const WEBHOOK_ALONE = 'equal-webhook'
const POLICY_ALONE = 'equal-policy'
const BOTH = 'equal-both'
const NAMESPACES = [WEBHOOK_ALONE, POLICY_ALONE, BOTH]

t.setTimeout(280_000)

const cluster = await useCluster(t)
const { client } = cluster
const webhook = await useWebhook(t, cluster, { namespace: WEBHOOK_ALONE, flags: ['--log-level=info'] })
await webhook.waitUntilReady()
for (const namespace of [POLICY_ALONE, BOTH]) await cluster.createNamespace(namespace)
await usePolicies(t, cluster, { namespaces: [POLICY_ALONE, BOTH] })
for (const namespace of [WEBHOOK_ALONE, BOTH])
  await registerWebhook(cluster, webhook, { namespace, failurePolicy: 'Fail' })

const accountPath = (namespace: string, name: string) =>
  `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`

for (const namespace of NAMESPACES)
  for (const name of [...Array(BATCH_SIZE).keys()].map(nameAccount))
    await client.create(accountPath(namespace, '').slice(0, -1), { metadata: { name } })

function nameAccount(index: number): string {
  return `account-${index}`
}

/** Writes the annotations of a batch, and waits until the policies have seen them: watches tell in order. */
async function annotate(cases: readonly PodCase[], batch: number): Promise<void> {
  const write = (namespace: string, name: string, annotations: object) =>
    client.send('PUT', accountPath(namespace, name), {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, annotations },
    })
  // What the API server does not take as annotations leaves all three as they were.
  for (const namespace of NAMESPACES)
    await Promise.all(
      cases.map(({ accountAnnotations }, index) => write(namespace, nameAccount(index), accountAnnotations)),
    )
  for (const namespace of [POLICY_ALONE, BOTH]) {
    await write(namespace, 'policy-probe', { 'eks.amazonaws.com/role-arn': roleArn(`batch-${batch}`) })
    await waitForRole(client, namespace, 'policy-probe', roleArn(`batch-${batch}`))
  }
}

/** What the API server makes of a pod: the pod, or why it is refused. */
async function create(namespace: string, { pod }: PodCase, serviceAccountName: string): Promise<unknown> {
  const { status, body } = await client.send('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...pod.metadata, name: 'pod' },
    spec: { ...pod.spec, serviceAccountName },
  })
  return status === 201 ? neutralize(body as V1Pod) : { status, ...(body as object) }
}

/** A pod without what differs between any two. */
function neutralize({ metadata = {}, spec }: V1Pod): unknown {
  const { [MARK_ANNOTATION]: _, ...annotations } = metadata.annotations ?? {}
  const text = JSON.stringify({ annotations, labels: metadata.labels, spec })
  return JSON.parse(text.replaceAll(/kube-api-access-\w{5}/g, 'kube-api-access'))
}

t.test('policy alone, webhook alone and both make the same of golden pods and of any other', async (t) => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
  const random = fc.sample(podCaseArbitrary, { numRuns: POD_COUNT, seed })
  const cases = [...GOLDEN_PODS, ...random]
  const counts = { injected: 0, plain: 0, refused: 0 }
  for (let first = 0; first < cases.length; first += BATCH_SIZE) {
    const batch = cases.slice(first, first + BATCH_SIZE)
    await annotate(batch, first)
    await Promise.all(
      batch.map(async (podCase, index) => {
        const [wanted, alone, both] = await Promise.all(
          NAMESPACES.map((namespace) => create(namespace, podCase, nameAccount(index))),
        )
        const text = JSON.stringify(wanted)
        counts[
          text.includes('"status"') ? 'refused' : text.includes('aws-iam-token') ? 'injected' : 'plain'
        ]++
        const place = `seed ${seed}, pod ${first + index}`
        if (!t.same(alone, wanted, `policy alone, ${place}`) || !t.same(both, wanted, `both, ${place}`))
          process.stderr.write(`${place}: ${JSON.stringify(podCase).slice(0, 2_000)}\n`)
      }),
    )
  }
  process.stderr.write(`policy-equality: seed ${seed}, ${JSON.stringify(counts)}\n`)
  t.ok(counts.injected > POD_COUNT / 3, `${counts.injected} injected`)
})
