import t from 'tap'
import { createKubectl } from '../../scripts/cluster/kubectl.ts'
import { toList } from '../../scripts/cluster/manifest.ts'
import { renderManifests } from '../../scripts/cluster/rendered-manifests.ts'
import { useCluster } from './support/cluster.ts'
import { poll } from './support/daemon.ts'
import { describePod } from './support/webhook-registration.ts'

const ACTIVE_TIMEOUT_MS = 20_000
const POLICY_NAME = 'pod-identity-webhook-verify'
const REQUIRED = 'eks.amazonaws.com/pod-identity-required'
const SKIP = 'eks.amazonaws.com/skip-containers'
const IMAGE = 'registry.test.invalid/app:1'

const ORDINARY = 'verify-ordinary'
const LABELLED = 'verify-labelled'

const cluster = await useCluster(t)
for (const namespace of [ORDINARY, LABELLED]) await cluster.createNamespace(namespace)
await cluster.kubectl(['label', 'namespace', LABELLED, `${REQUIRED}=true`])
await applyPolicy()

const role = describeVariables('AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE')
const containerCredentials = describeVariables(
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
)

interface Case {
  readonly name: string
  readonly namespace?: string
  readonly label?: 'true' | 'false'
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly spec?: Readonly<Record<string, unknown>>
  /** What the refusal says; the pod is admitted without. */
  readonly refusal?: RegExp
}

const CASES: readonly Case[] = [
  { name: 'a pod that claims nothing' },
  { name: 'a pod labelled "false"', label: 'false' },
  {
    name: 'a required pod without credentials',
    label: 'true',
    refusal:
      /requires AWS credentials, but containers app got none: annotate ServiceAccount default with .*role-arn/,
  },
  {
    name: 'a required pod with a role',
    label: 'true',
    spec: { containers: [describeContainer('app', role)] },
  },
  {
    name: 'a required pod with container credentials',
    label: 'true',
    spec: { containers: [describeContainer('app', containerCredentials)] },
  },
  {
    name: 'a required pod with half of a method',
    label: 'true',
    spec: { containers: [describeContainer('app', describeVariables('AWS_ROLE_ARN'))] },
    refusal: /containers app got none/,
  },
  {
    name: 'a required pod with halves of two methods',
    label: 'true',
    spec: {
      containers: [
        describeContainer('app', describeVariables('AWS_ROLE_ARN', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE')),
      ],
    },
    refusal: /containers app got none/,
  },
  {
    name: 'an init container and a native sidecar without credentials',
    label: 'true',
    spec: {
      initContainers: [
        describeContainer('setup'),
        describeContainer('proxy', [], { restartPolicy: 'Always' }),
      ],
      containers: [describeContainer('app', role)],
    },
    refusal: /containers setup, proxy got none/,
  },
  {
    name: 'an init container and a native sidecar with credentials',
    label: 'true',
    spec: {
      initContainers: [
        describeContainer('setup', role),
        describeContainer('proxy', containerCredentials, { restartPolicy: 'Always' }),
      ],
      containers: [describeContainer('app', role)],
    },
  },
  {
    name: 'containers that the pod takes out',
    label: 'true',
    annotations: { [SKIP]: 'proxy, "setup"' },
    spec: {
      initContainers: [describeContainer('setup')],
      containers: [describeContainer('app', role), describeContainer('proxy')],
    },
  },
  {
    name: 'a pod that takes all of its containers out',
    label: 'true',
    annotations: { [SKIP]: 'app' },
    refusal: /skip-containers names all of its containers/,
  },
  {
    name: 'a required pod that skips the webhook',
    label: 'true',
    labels: { 'eks.amazonaws.com/skip-pod-identity-webhook': 'true' },
    refusal: /containers app got none/,
  },
  { name: 'a pod of a required namespace', namespace: LABELLED, refusal: /containers app got none/ },
  { name: 'a pod of a required namespace, labelled "false"', namespace: LABELLED, label: 'false' },
  {
    name: 'a pod of a required namespace with a role',
    namespace: LABELLED,
    spec: { containers: [describeContainer('app', role)] },
  },
  {
    name: "the webhook's own pod in a required namespace",
    namespace: LABELLED,
    labels: { 'eks.amazonaws.com/skip-pod-identity-webhook': 'true' },
  },
  {
    name: 'a mirror pod of a required namespace',
    namespace: LABELLED,
    annotations: { 'kubernetes.io/config.mirror': 'hash' },
    spec: { serviceAccountName: undefined, nodeName: 'node' },
  },
]

for (const { refusal, ...pod } of CASES) {
  t.test(`${pod.name}: ${refusal ? 'refused' : 'admitted'}`, async (t) => {
    const { status, body } = await createDryRun(pod)
    t.equal(status, refusal ? 422 : 201, JSON.stringify(body))
    if (refusal) t.match(body, { message: refusal })
  })
}

async function applyPolicy(): Promise<void> {
  const manifests = await renderManifests(createKubectl(cluster.connection.kubectlPath), {
    namespace: ORDINARY,
    certificateMode: 'self-managed',
    components: ['verify-credentials'],
  })
  const policy = toList(manifests.filter(({ metadata }) => metadata.name.startsWith(POLICY_NAME)))
  t.teardown(() => cluster.kubectl(['delete', '--filename=-'], policy))
  const { exitCode, stderr } = await cluster.kubectl(['apply', '--server-side', '--filename=-'], policy)
  if (exitCode !== 0) throw new Error(stderr)
  const isActive = await poll(async () => {
    const answers = [
      await createDryRun({ name: 'probe', label: 'true' }),
      await createDryRun({ name: 'probe', namespace: LABELLED }),
    ]
    return answers.every(({ status }) => status === 422) || undefined
  }, ACTIVE_TIMEOUT_MS)
  if (!isActive) throw new Error('the API server does not enforce the policy')
}

function createDryRun({ namespace = ORDINARY, label, labels, annotations, spec }: Case) {
  const pod = describePod('app', 'default')
  return cluster.client.send('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...(label && { [REQUIRED]: label }), ...labels }, annotations },
    spec: { ...pod.spec, ...spec },
  })
}

function describeContainer(containerName: string, env: readonly unknown[] = [], fields = {}) {
  return { name: containerName, image: IMAGE, env, ...fields }
}

function describeVariables(...variables: readonly string[]) {
  return variables.map((variable) => ({ name: variable, value: 'value' }))
}
