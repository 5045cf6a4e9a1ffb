import type { V1Pod } from '@kubernetes/client-node'
import t from 'tap'
import { ACCOUNT_LABEL, parseLabelSelector } from '../../src/webhook/policy/label-selector.ts'
import { useCluster } from './support/cluster.ts'
import { findIdentity, WEB_IDENTITY } from './support/pod-credentials.ts'
import { usePolicies, waitForRole } from './support/policy-fixture.ts'
import { describePod, roleArn } from './support/webhook-registration.ts'

const ACCOUNT_COUNT = 5_000
const NAMESPACE = 'policy-many-accounts'

t.setTimeout(280_000)

const cluster = await useCluster(t)
const { client } = cluster

await cluster.createNamespace(NAMESPACE)
const accounts = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`
const names = Array.from({ length: ACCOUNT_COUNT }, (_, index) => `account-${index}`)
// Some at once: all would wait for each other.
while (names.length > 0)
  await Promise.all(names.splice(-16).map((name) => client.create(accounts, { metadata: { name } })))

const accountSelector = parseLabelSelector(`${ACCOUNT_LABEL.key}=${ACCOUNT_LABEL.value}`)
for (const [title, settings, labels] of [
  ['each is looked at', {}, {}],
  ['labelled ones are looked at', { accountSelector }, { [ACCOUNT_LABEL.key]: ACCOUNT_LABEL.value }],
] as const) {
  t.test(
    `a pod among ${ACCOUNT_COUNT} ServiceAccounts is created with its role, where ${title}`,
    async (t) => {
      await usePolicies(t, cluster, { namespaces: [NAMESPACE], settings })
      const name = `cart-${Object.keys(settings).length}`
      const metadata = { name, labels, annotations: { 'eks.amazonaws.com/role-arn': roleArn(name) } }
      await client.create(accounts, { metadata })
      await waitForRole(client, NAMESPACE, name, roleArn(name))
      const startedAtMs = performance.now()
      const pod = await client.create<V1Pod>(
        `/api/v1/namespaces/${NAMESPACE}/pods?dryRun=All`,
        describePod('pod', name),
      )
      process.stderr.write(`${title}: ${(performance.now() - startedAtMs).toFixed(0)} ms\n`)
      t.equal(findIdentity(pod, WEB_IDENTITY), roleArn(name))
    },
  )
}
