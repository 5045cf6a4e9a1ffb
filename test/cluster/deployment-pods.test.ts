import type { V1Pod, V1PodList } from '@kubernetes/client-node'
import t from 'tap'
import { type Cluster, useCluster } from './support/cluster.ts'
import { poll } from './support/daemon.ts'
import {
  CONTAINER_CREDENTIALS,
  findIdentity,
  findTokenSource,
  removeCredentials,
  WEB_IDENTITY,
} from './support/pod-credentials.ts'
import { useWebhook } from './support/webhook-fixture.ts'
import { describePod, registerWebhook, roleArn } from './support/webhook-registration.ts'

const POD_TIMEOUT_MS = 20_000

const cluster = await useCluster(t)
const webhook = await useWebhook(t, cluster, {
  namespace: 'deployment-pods',
  containerCredentials: ['reviewed-as-v1/agent'],
  flags: ['--watch-config-map'],
})
await webhook.waitUntilReady()

for (const version of ['v1', 'v1beta1']) {
  t.test(`a Deployment's pods, reviewed as ${version}`, async (t) => {
    const namespace = `reviewed-as-${version}`
    await cluster.createNamespace(namespace)
    await registerWebhook(cluster, webhook, {
      namespace,
      failurePolicy: 'Fail',
      admissionReviewVersions: [version],
    })

    await applyDeployment(cluster, namespace, 'cart')
    const pods = await waitForPods(cluster, namespace, 2)

    t.strictSame(
      pods.map((pod) => findIdentity(pod, WEB_IDENTITY)),
      [roleArn('cart'), roleArn('cart')],
      'init container, native sidecar and containers all carry the role',
    )
    for (const pod of pods) {
      t.strictSame(findTokenSource(pod, WEB_IDENTITY), {
        audience: 'sts.amazonaws.com',
        expirationSeconds: 86_400,
        path: 'token',
      })
      t.equal(pod.spec?.volumes?.[0]?.name, 'aws-iam-token', 'the token volume comes first')
      t.equal(pod.metadata?.ownerReferences?.[0]?.kind, 'ReplicaSet', 'a controller made it')
    }
  })
}

t.test('nothing else of a pod changes, fields newer than this project included', async (t) => {
  const namespace = 'without-webhook'
  await cluster.createNamespace(namespace)
  await applyDeployment(cluster, namespace, 'cart')
  const [plain] = await waitForPods(cluster, namespace, 2)
  const [mutated] = await waitForPods(cluster, 'reviewed-as-v1', 2)
  if (plain === undefined || mutated === undefined) throw new Error('no pods')

  const text = JSON.stringify(plain.spec)
  const fields = [...NEWER_FIELDS, ...((await hasNewestFields(cluster)) ? NEWEST_FIELDS : [])]
  for (const field of fields) t.ok(text.includes(`"${field}":`), `the API server keeps ${field}`)
  t.match(plain.spec?.resources, { limits: { cpu: '2' } }, 'the API server keeps resources of the whole pod')
  t.equal(plain.spec?.initContainers?.[1]?.restartPolicy, 'Always', 'the sidecar is one')
  t.strictSame(removeCredentials(mutated, WEB_IDENTITY), removeCredentials(plain, WEB_IDENTITY))
})

t.test('kubectl annotate, then kubectl rollout restart: new pods carry the new role', async (t) => {
  const namespace = 'reviewed-as-v1'
  const annotation = `eks.amazonaws.com/role-arn=${roleArn('checkout')}`
  const before = (await waitForPods(cluster, namespace, 2)).map((pod) => pod.metadata?.uid)
  await runKubectl(['annotate', `--namespace=${namespace}`, '--overwrite', 'serviceaccount/cart', annotation])
  await runKubectl(['rollout', 'restart', `--namespace=${namespace}`, 'deployment/cart'])

  const added = await poll(async () => {
    const pods = (await listPods(cluster, namespace)).filter((pod) => !before.includes(pod.metadata?.uid))
    return pods.length > 0 ? pods : undefined
  }, POD_TIMEOUT_MS)
  t.strictSame(new Set(added?.map((pod) => findIdentity(pod, WEB_IDENTITY))), new Set([roleArn('checkout')]))
})

t.test('a ServiceAccount that only the ConfigMap maps', async (t) => {
  const namespace = 'reviewed-as-v1beta1'
  await runKubectl(['create', 'serviceaccount', `--namespace=${namespace}`, 'mapped'])
  const config = JSON.stringify({
    'reviewed-as-*/mapped': { RoleARN: roleArn('mapped'), TokenExpiration: 7200 },
  })
  await runKubectl([
    'create',
    'configmap',
    '--namespace=deployment-pods',
    'pod-identity-webhook',
    `--from-literal=config=${config}`,
  ])

  const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`
  const pod = await poll(async () => {
    const answer = await cluster.client.create<V1Pod>(path, describePod('mapped', 'mapped'))
    return findIdentity(answer, WEB_IDENTITY) === undefined ? undefined : answer
  }, POD_TIMEOUT_MS)
  t.equal(pod && findIdentity(pod, WEB_IDENTITY), roleArn('mapped'))
  t.equal(pod && findTokenSource(pod, WEB_IDENTITY)?.expirationSeconds, 7200)
})

t.test('a ServiceAccount that the container credentials file lists', async (t) => {
  const namespace = 'reviewed-as-v1'
  await runKubectl(['create', 'serviceaccount', `--namespace=${namespace}`, 'agent'])
  await runKubectl(['apply', `--namespace=${namespace}`, '-f', '-'], describePod('agent', 'agent'))
  const pod = await cluster.client.get<V1Pod>(`/api/v1/namespaces/${namespace}/pods/agent`)
  t.equal(findIdentity(pod, CONTAINER_CREDENTIALS), 'http://169.254.170.23/v1/credentials')
  t.equal(findTokenSource(pod, CONTAINER_CREDENTIALS)?.audience, 'pods.eks.amazonaws.com')
  t.equal(pod.metadata?.labels?.['eks.amazonaws.com/pod-identity'], 'enabled')
})

t.test('kubectl shows the warning about an invalid role ARN', async (t) => {
  const namespace = 'reviewed-as-v1'
  await runKubectl(['create', 'serviceaccount', `--namespace=${namespace}`, 'typo'])
  const annotation = 'eks.amazonaws.com/role-arn=arn:aws:iam::1234:role/typo'
  await runKubectl(['annotate', `--namespace=${namespace}`, 'serviceaccount/typo', annotation])
  const { stderr } = await runKubectl(
    ['apply', `--namespace=${namespace}`, '-f', '-'],
    describePod('typo', 'typo'),
  )
  t.match(stderr, /^Warning: .*arn:aws:iam::1234:role\/typo.*is not the ARN of an IAM role/)
})

/** Fields of a pod that reached Kubernetes between 1.27 and 1.34 and are on by default. */
const NEWER_FIELDS = [
  'recursiveReadOnly',
  'resizePolicy',
  'schedulingGates',
  'supplementalGroupsPolicy',
] as const

/** Those that are on by default from 1.35 on. */
const NEWEST_FIELDS = ['fileKeyRef', 'hostnameOverride', 'image', 'restartPolicyRules'] as const

const FIRST_MINOR_WITH_NEWEST = 35

async function hasNewestFields({ client }: Cluster): Promise<boolean> {
  const { minor } = await client.get<{ readonly minor: string }>('/version')
  return Number.parseInt(minor, 10) >= FIRST_MINOR_WITH_NEWEST
}

function describeDeployment(namespace: string, name: string, isNewest: boolean) {
  const image = 'registry.test.invalid/app:1'
  const settings = { volumeName: 'settings', path: 'app.env', key: 'MODEL' }
  const models = { reference: 'registry.test.invalid/models:1', pullPolicy: 'IfNotPresent' }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          serviceAccountName: name,
          os: { name: 'linux' },
          hostnameOverride: 'cart.example',
          securityContext: { supplementalGroupsPolicy: 'Strict' },
          schedulingGates: [{ name: 'example.com/quota' }],
          resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2', memory: '2Gi' } },
          initContainers: [
            { name: 'migrate', image, env: [{ name: 'STEP', value: '1' }] },
            {
              name: 'proxy',
              image,
              restartPolicy: 'Always',
              startupProbe: { grpc: { port: 9000, service: 'health' } },
            },
          ],
          containers: [
            {
              name: 'app',
              image,
              resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }],
              resources: { requests: { cpu: '500m' }, limits: { cpu: '1' } },
              env: [
                { name: 'MODEL', ...(isNewest ? { valueFrom: { fileKeyRef: settings } } : { value: 'm' }) },
              ],
              restartPolicy: 'Never',
              restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
              volumeMounts: [
                { name: 'models', mountPath: '/models', readOnly: true, recursiveReadOnly: 'IfPossible' },
              ],
            },
            {
              name: 'metrics',
              image,
              env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
            },
          ],
          volumes: [
            { name: 'settings', emptyDir: {} },
            { name: 'models', ...(isNewest ? { image: models } : { emptyDir: {} }) },
          ],
        },
      },
    },
  }
}

async function applyDeployment(cluster: Cluster, namespace: string, name: string): Promise<void> {
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace, annotations: { 'eks.amazonaws.com/role-arn': roleArn(name) } },
  }
  const items = [account, describeDeployment(namespace, name, await hasNewestFields(cluster))]
  const applied = await cluster.kubectl(['apply', '--validate=strict', '-f', '-'], {
    apiVersion: 'v1',
    kind: 'List',
    items,
  })
  if (applied.exitCode !== 0) throw new Error(applied.stderr)
}

async function runKubectl(args: readonly string[], input?: unknown) {
  const result = await cluster.kubectl(args, input)
  if (result.exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`)
  return result
}

async function listPods(cluster: Cluster, namespace: string): Promise<readonly V1Pod[]> {
  const list = await cluster.client.get<V1PodList>(
    `/api/v1/namespaces/${namespace}/pods?labelSelector=app=cart`,
  )
  return list.items
}

async function waitForPods(cluster: Cluster, namespace: string, count: number): Promise<readonly V1Pod[]> {
  const pods = await poll(async () => {
    const pods = await listPods(cluster, namespace)
    return pods.length >= count ? pods : undefined
  }, POD_TIMEOUT_MS)
  if (pods === undefined) throw new Error(`${namespace}: not ${count} pods within ${POD_TIMEOUT_MS} ms`)
  return pods
}
