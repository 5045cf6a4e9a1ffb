import type { V1Pod } from '@kubernetes/client-node'
import t from 'tap'
import { useCluster } from './support/cluster.ts'
import { runMake } from './support/make-command.ts'
import { findIdentity, WEB_IDENTITY } from './support/pod-credentials.ts'
import { waitForRole } from './support/policy-fixture.ts'
import { describePod, roleArn } from './support/webhook-registration.ts'

const NAMESPACE = 'policy-cluster-up'
const OWN = '--selector=app.kubernetes.io/name=pod-identity-webhook'
const KINDS =
  'mutatingadmissionpolicies,mutatingadmissionpolicybindings,validatingadmissionpolicies,validatingadmissionpolicybindings'

const cluster = await useCluster(t)

async function listPolicies(): Promise<readonly string[]> {
  const { stdout } = await cluster.kubectl(['get', KINDS, OWN, '--output=name'])
  return stdout.trim().split('\n').filter(Boolean)
}

t.test('MODE=policy is the whole installation, and cluster-down takes it away', async (t) => {
  const up = await runMake(cluster, 'cluster-up', { MODE: 'policy' })
  t.match(up, { exitCode: 0, stderr: '' })
  t.match(up.stdout, /2\/2 Applying the policies/)
  t.equal((await listPolicies()).length, 4)
  await cluster.createNamespace(NAMESPACE)
  const annotations = { 'eks.amazonaws.com/role-arn': roleArn('cart') }
  await cluster.client.create(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, {
    metadata: { name: 'cart', annotations },
  })
  await waitForRole(cluster.client, NAMESPACE, 'cart', roleArn('cart'))
  const pod = await cluster.client.create<V1Pod>(
    `/api/v1/namespaces/${NAMESPACE}/pods`,
    describePod('cart', 'cart'),
  )
  t.equal(findIdentity(pod, WEB_IDENTITY), roleArn('cart'))

  t.match(await runMake(cluster, 'cluster-up', { MODE: 'policy' }), { exitCode: 0 }, 'again')
  t.match(await runMake(cluster, 'cluster-down', {}), { exitCode: 0 })
  t.strictSame(await listPolicies(), [])
})

t.test('what does not go with it is refused, before anything is asked', async (t) => {
  for (const [variables, message] of [
    [{ MODE: 'both' }, 'MODE=both: give webhook or policy'],
    [{ MODE: 'policy', IMAGE: 'a/b:1' }, 'IMAGE: MODE=policy deploys the policies as they are'],
    [{ MODE: 'policy', ARGS: '--token-audience=a' }, 'ARGS: MODE=policy deploys'],
  ] as const) {
    const { exitCode, stderr } = await runMake(cluster, 'cluster-up', variables)
    t.not(exitCode, 0)
    t.match(stderr, message)
  }
})
