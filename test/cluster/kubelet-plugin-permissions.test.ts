import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { useCluster } from './support/cluster.ts'

const BUNDLE = join(import.meta.dirname, '..', '..', 'dist', 'ecr-credential-provider.mjs')
const NAMESPACE = 'kubelet-plugin-permissions'
const CORE = `/api/v1/namespaces/${NAMESPACE}`
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const AUDIENCE = 'sts.amazonaws.com'

const cluster = await useCluster(t)
await cluster.createNamespace(NAMESPACE)
await cluster.client.create(`${CORE}/serviceaccounts`, { metadata: { name: 'cart' } })
const pod = await cluster.client.create<{ readonly metadata: { readonly uid: string } }>(`${CORE}/pods`, {
  metadata: { name: 'cart' },
  spec: {
    nodeName: 'worker-1',
    serviceAccountName: 'cart',
    containers: [{ name: 'app', image: '111122223333.dkr.ecr.eu-central-1.amazonaws.com/cart' }],
  },
})

/** Asks for a token of the pod's ServiceAccount as the kubelet of a node does before it pulls an image. */
function requestToken(node: string, audience: string) {
  const bound = [
    '--bound-object-kind=Pod',
    '--bound-object-name=cart',
    `--bound-object-uid=${pod.metadata.uid}`,
  ]
  const caller = [`--as=system:node:${node}`, '--as-group=system:nodes']
  const request = ['create', 'token', 'cart', `--namespace=${NAMESPACE}`, `--audience=${audience}`]
  return cluster.kubectl([...request, ...bound, ...caller])
}

t.test('the RBAC that config prints gives kubelets tokens of one audience, for their own pods', async (t) => {
  const refused = { exitCode: 1, stderr: /not authorized to request tokens for this audience/ }
  t.match(await requestToken('worker-1', AUDIENCE), refused, 'without it')

  const args = [BUNDLE, 'config', '--service-account-tokens']
  const printed = execFileSync(process.execPath, args, { encoding: 'utf8' })
  const documents = parseAllDocuments(printed).map((document) => document.toJS() as { readonly kind: string })
  const items = documents.filter(({ kind }) => kind !== 'CredentialProviderConfig')
  t.match(await cluster.kubectl(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items }), {
    exitCode: 0,
    stderr: '',
  })
  t.teardown(async () => {
    for (const kind of ['clusterroles', 'clusterrolebindings']) {
      await cluster.client.send('DELETE', `${RBAC}/${kind}/ecr-credential-provider-token-audience`)
    }
  })
  // The API server learns of RBAC by a watch, a moment later.
  let granted = await requestToken('worker-1', AUDIENCE)
  for (let count = 0; granted.exitCode !== 0 && count < 50; count++) {
    granted = await requestToken('worker-1', AUDIENCE)
  }
  t.match(granted, { exitCode: 0, stdout: /^eyJ/ })
  const [, payload = ''] = granted.stdout.split('.')
  t.match(JSON.parse(Buffer.from(payload, 'base64url').toString()), {
    aud: [AUDIENCE],
    sub: `system:serviceaccount:${NAMESPACE}:cart`,
  })
  t.match(await requestToken('worker-1', 'vault.test'), refused, 'another audience')
  t.match(await requestToken('worker-2', AUDIENCE), { exitCode: 1, stderr: /forbidden/i }, 'another node')
})
