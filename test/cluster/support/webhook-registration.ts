import type { Cluster } from './cluster.ts'
import { poll } from './daemon.ts'
import type { Webhook } from './webhook.ts'

/** Name of the one webhook in a registration; the API server puts it before the keys of audit annotations. */
export const WEBHOOK_NAME = 'pod-identity-webhook.amazonaws.com'

const ACTIVE_TIMEOUT_MS = 20_000

/** A name that no workload of the tests has. */
const PROBE_ACCOUNT = 'registration-probe'

/**
 * Registers a webhook by URL for the pods of one namespace and waits until the API server calls it for them.
 *
 * It takes the API server up to a second to notice a registration; a pod created before would be left alone.
 */
export async function registerWebhook(
  cluster: Cluster,
  webhook: Pick<Webhook, 'url' | 'caPem'>,
  options: {
    readonly namespace: string
    readonly failurePolicy: 'Fail' | 'Ignore'
    readonly admissionReviewVersions?: readonly string[]
    /** How long the API server waits for an answer; 5 where absent. */
    readonly timeoutSeconds?: number
    /** Whether it is called for ephemeral containers too. */
    readonly hasDebugContainers?: boolean
    /** Whether to wait until it is called, as is done where absent. */
    readonly isAwaited?: boolean
  },
): Promise<void> {
  const { namespace } = options
  await cluster.client.create('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
    metadata: { name: namespace },
    webhooks: [
      {
        name: WEBHOOK_NAME,
        clientConfig: { url: webhook.url, caBundle: Buffer.from(webhook.caPem).toString('base64') },
        rules: [
          { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] },
          ...(options.hasDebugContainers
            ? [
                {
                  operations: ['UPDATE'],
                  apiGroups: [''],
                  apiVersions: ['v1'],
                  resources: ['pods/ephemeralcontainers'],
                },
              ]
            : []),
        ],
        admissionReviewVersions: options.admissionReviewVersions ?? ['v1', 'v1beta1'],
        failurePolicy: options.failurePolicy,
        matchPolicy: 'Equivalent',
        reinvocationPolicy: 'IfNeeded',
        sideEffects: 'None',
        timeoutSeconds: options.timeoutSeconds ?? 5,
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      },
    ],
  })
  if (options.isAwaited ?? true) await waitUntilCalled(cluster, namespace)
}

/** Resolves once the API server calls a webhook for the pods of a namespace, in which this makes a ServiceAccount to ask with. */
export async function waitUntilCalled(cluster: Cluster, namespace: string): Promise<void> {
  await cluster.client.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, {
    metadata: { name: PROBE_ACCOUNT, annotations: { 'eks.amazonaws.com/role-arn': roleArn(PROBE_ACCOUNT) } },
  })
  const pod = describePod('registration-probe', PROBE_ACCOUNT)
  const active = await poll(async () => {
    const { body } = await cluster.client.send('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod)
    return JSON.stringify(body).includes('AWS_ROLE_ARN') ? true : undefined
  }, ACTIVE_TIMEOUT_MS)
  if (!active)
    throw new Error(
      `the API server does not use the webhook for ${namespace} ${ACTIVE_TIMEOUT_MS} ms after its registration`,
    )
}

/** The ARN of a role of this name. */
export function roleArn(name: string): string {
  return `arn:aws:iam::123456789012:role/${name}`
}

/** A pod with one container, as people write it. */
export function describePod(name: string, serviceAccountName: string) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { serviceAccountName, containers: [{ name: 'app', image: 'registry.test.invalid/app:1' }] },
  }
}
