import t from 'tap'
import { listAccesses } from '../../scripts/cluster/access-review.ts'
import { divideIntoStages } from '../../scripts/cluster/apply-stages.ts'
import { findCause } from '../../scripts/cluster/kubectl.ts'
import { createProgress } from '../../scripts/cluster/progress.ts'

const CAUSES: readonly (readonly [stderr: string, cause: string])[] = [
  ['error: current-context is not set\n', 'current-context is not set'],
  [
    'Warning: old\nError from server (Forbidden): error when applying patch: roles is forbidden:\ndetails\n',
    'error when applying patch: roles is forbidden',
  ],
  [
    'E1 memcache.go:265] retry\nThe connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?\n',
    'The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?',
  ],
  [
    'The Deployment "x" is invalid: spec.selector: field is immutable\nmore',
    'The Deployment "x" is invalid: spec.selector: field is immutable',
  ],
  ['', ''],
]

for (const [stderr, cause] of CAUSES) {
  t.test(`the one line of ${JSON.stringify(stderr)}`, async (t) => t.equal(findCause(stderr), cause))
}

t.test('what applying takes is asked once for each kind and place', async (t) => {
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'eks' } }
  const policy = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'a', namespace: 'eks' },
  }
  const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'a' } }
  t.strictSame(listAccesses(['patch'], [configMap, configMap, policy, role]), [
    { verb: 'patch', group: '', resource: 'configmaps', namespace: 'eks' },
    { verb: 'patch', group: 'networking.k8s.io', resource: 'networkpolicies', namespace: 'eks' },
    { verb: 'patch', group: 'rbac.authorization.k8s.io', resource: 'clusterroles' },
  ])
})

t.test('what API servers would ask the webhook for comes last', async (t) => {
  const describe = (apiVersion: string, kind: string) => ({ apiVersion, kind, metadata: { name: 'a' } })
  const webhook = describe('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration')
  const deployment = describe('apps/v1', 'Deployment')
  const secret = describe('v1', 'Secret')
  t.strictSame(divideIntoStages([webhook, deployment, secret]), {
    foundations: [secret],
    workloads: [deployment],
    registrations: [webhook],
  })
})

t.test('steps are numbered, in bold on a terminal', async (t) => {
  const tell = (isColourful: boolean) => {
    const lines: string[] = []
    const progress = createProgress(2, { write: (text) => lines.push(text), isColourful })
    progress.begin('Asking')
    progress.note('context test')
    progress.begin('Applying')
    return lines.join('')
  }
  t.equal(tell(false), '1/2 Asking\n    context test\n2/2 Applying\n')
  t.match(tell(true), '\u001B[1m1/2\u001B[0m Asking')
})
