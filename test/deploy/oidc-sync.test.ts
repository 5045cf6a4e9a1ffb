import { spawnSync } from 'node:child_process'
import t from 'tap'
import { createKubectl } from '../../scripts/cluster/kubectl.ts'
import type { Manifest } from '../../scripts/cluster/manifest.ts'
import { renderManifests } from '../../scripts/cluster/rendered-manifests.ts'

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0
const skip = hasKubectl ? false : 'kubectl, whose kustomize builds the manifests, is not installed'
const NAME = 'pod-identity-webhook-oidc-sync'

async function render(): Promise<readonly Manifest[]> {
  const options = { namespace: 'eks', certificateMode: 'self-managed', components: ['oidc-sync'] } as const
  const manifests = await renderManifests(createKubectl('kubectl'), options)
  return manifests.filter(({ metadata }) => metadata.name === NAME)
}

t.test('it may read the keys of the API server, and nothing else', { skip }, async (t) => {
  const manifests = await render()
  t.strictSame(manifests.map(({ kind }) => kind).sort(), [
    'ClusterRole',
    'ClusterRoleBinding',
    'Deployment',
    'ServiceAccount',
  ])
  t.strictSame(
    manifests.filter(({ kind }) => kind.endsWith('Role')).map((role) => role['rules']),
    [[{ nonResourceURLs: ['/openid/v1/jwks'], verbs: ['get'] }]],
  )
})

t.test('one replica with no rights, that the webhook may give credentials', { skip }, async (t) => {
  const deployment = (await render()).find(({ kind }) => kind === 'Deployment')
  const labels = { 'app.kubernetes.io/name': NAME }
  t.match(deployment, {
    spec: {
      replicas: 1,
      strategy: { type: 'Recreate' },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: NAME,
          enableServiceLinks: false,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              args: ['oidc', 'sync'],
              envFrom: [{ configMapRef: { name: NAME } }],
              resources: { limits: { memory: '256Mi' } },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
              readinessProbe: { httpGet: { path: '/readyz' } },
              livenessProbe: { httpGet: { path: '/healthz' } },
            },
          ],
        },
      },
    },
  })
  t.notMatch(JSON.stringify(deployment), /skip-pod-identity-webhook/)
})
