import t from 'tap'
import type { Manifest } from '../../scripts/cluster/manifest.ts'
import { findContainer, findKind, render, skip } from './rendered-deploy.ts'

t.test('the Deployment survives the loss of a node, and asks for little', { skip }, async (t) => {
  const manifests = await render({})
  const selector = { matchLabels: { 'app.kubernetes.io/name': 'pod-identity-webhook' } }
  t.match(findKind(manifests, 'PodDisruptionBudget'), {
    spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow', selector },
  })
  t.match(findKind(manifests, 'NetworkPolicy'), {
    spec: {
      podSelector: selector,
      policyTypes: ['Ingress'],
      ingress: [{ ports: [{ port: 'https' }] }, { ports: [{ port: 'metrics' }] }],
    },
  })
  t.match(findKind(manifests, 'Deployment'), {
    spec: {
      replicas: 2,
      selector,
      strategy: { rollingUpdate: { maxUnavailable: 0 } },
      template: {
        metadata: { labels: { 'eks.amazonaws.com/skip-pod-identity-webhook': 'true' } },
        spec: {
          priorityClassName: 'system-cluster-critical',
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 45,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map(
            (topologyKey) => ({
              topologyKey,
              whenUnsatisfiable: 'ScheduleAnyway',
            }),
          ),
        },
      },
    },
  })
  t.match(findContainer(manifests), {
    resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { cpu: undefined, memory: '256Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    // Who has no certificate yet answers by plain HTTP alone, and must not be restarted for that.
    startupProbe: { httpGet: { port: 'metrics', path: '/healthz', scheme: undefined } },
    livenessProbe: { httpGet: { port: 'metrics', path: '/healthz', scheme: undefined } },
    readinessProbe: { httpGet: { port: 'https', path: '/readyz', scheme: 'HTTPS' } },
  })
})

t.test('pods are still created when the webhook cannot be reached', { skip }, async (t) => {
  t.match(findKind(await render({}), 'MutatingWebhookConfiguration'), {
    webhooks: [
      {
        name: 'pod-identity-webhook.amazonaws.com',
        admissionReviewVersions: ['v1', 'v1beta1'],
        failurePolicy: 'Ignore',
        reinvocationPolicy: 'IfNeeded',
        matchPolicy: 'Equivalent',
        sideEffects: 'None',
        timeoutSeconds: 5,
        clientConfig: { service: { name: 'pod-identity-webhook', namespace: 'eks', path: '/mutate' } },
        objectSelector: {
          matchExpressions: [
            { key: 'eks.amazonaws.com/skip-pod-identity-webhook', operator: 'DoesNotExist' },
          ],
        },
        matchConditions: [{ name: 'no-mirror-pods' }],
      },
    ],
  })
})

t.test(
  'entries of the required tier differ from the first in what they are for alone',
  { skip },
  async (t) => {
    const { webhooks } = findKind(
      await render({ components: ['required'] }),
      'MutatingWebhookConfiguration',
    ) as Manifest & {
      readonly webhooks: readonly Readonly<Record<string, unknown>>[]
    }
    const [first, ...others] = webhooks.map(
      ({ name, failurePolicy, objectSelector, namespaceSelector, ...rest }) => rest,
    )
    for (const other of others) t.strictSame(other, first)
    t.equal(others.length, 2)
  },
)

t.test(
  'with the required tier a lookup that fails is an error, for failurePolicy to decide',
  { skip },
  async (t) => {
    const strict = '--service-account-lookup=strict'
    t.ok(findContainer(await render({ components: ['required'] })).args.includes(strict))
    t.notOk(findContainer(await render({})).args.includes(strict))
  },
)
