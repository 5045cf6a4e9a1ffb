import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { startIamEndpoint } from '../support/iam-endpoint.ts'
import { runProgramProcess } from '../support/program-run.ts'
import { useCluster } from './support/cluster.ts'
import { grantComponentAccess } from './support/component-access.ts'
import { poll } from './support/daemon.ts'
import { formatKubeconfig } from './support/kubeconfig.ts'

const IN = 'audit-in'
const OUT = 'audit-out'
const OWN = 'audit-webhook'
const PREFIX = 'eks.amazonaws.com'
const FOLDER = '/var/run/secrets/eks.amazonaws.com/serviceaccount'
const EVENT_MS = 20_000
const role = (name: string) => `arn:aws:iam::111122223333:role/${name}`

interface Finding {
  readonly code: string
  readonly namespace: string
  readonly kind: string
  readonly name: string
  readonly podCount: number
  readonly detail: string
}

t.setTimeout(240_000)
const cluster = await useCluster(t)
const { client } = cluster
const configurations = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
await client.create('/api/v1/namespaces', { metadata: { name: IN, labels: { audited: 'yes' } } })
for (const name of [OUT, OWN]) await client.create('/api/v1/namespaces', { metadata: { name } })
// Nobody is asked by it: what counts is what its selectors say.
await client.create(configurations, {
  metadata: { name: 'audit-webhook', labels: { 'app.kubernetes.io/name': 'pod-identity-webhook' } },
  webhooks: [
    {
      name: 'all-pods.pod-identity-webhook.amazonaws.com',
      clientConfig: { service: { namespace: OWN, name: 'pod-identity-webhook' } },
      rules: [
        { operations: ['CREATE'], apiGroups: ['audit.example'], apiVersions: ['v1'], resources: ['none'] },
      ],
      namespaceSelector: { matchLabels: { audited: 'yes' } },
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Ignore',
    },
  ],
})
t.teardown(async () => {
  await client.send('DELETE', `${configurations}/audit-webhook`)
  for (const name of [IN, OUT, OWN]) await client.send('DELETE', `/api/v1/namespaces/${name}`)
})

const makeAccount = (name: string, annotations: Readonly<Record<string, string>> = {}, namespace = IN) =>
  client.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name, annotations } })

/** A pod as the webhook leaves it, with what is said otherwise. */
function injected(options: {
  readonly role?: string
  readonly audience?: string
  readonly expirationSeconds?: number
  readonly env?: readonly object[]
  readonly others?: readonly object[]
}) {
  const { audience = 'sts.amazonaws.com', expirationSeconds = 86_400, env = [], others = [] } = options
  const variables = [
    ...env,
    { name: 'AWS_ROLE_ARN', value: options.role ?? role('app') },
    { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: `${FOLDER}/token` },
  ]
  const mount = { name: 'aws-iam-token', mountPath: FOLDER, readOnly: true }
  return {
    containers: [{ name: 'app', image: 'a', env: variables, volumeMounts: [mount] }, ...others],
    volumes: [
      {
        name: 'aws-iam-token',
        projected: { sources: [{ serviceAccountToken: { audience, expirationSeconds, path: 'token' } }] },
      },
    ],
  }
}

const PLAIN = { containers: [{ name: 'app', image: 'a' }] }

const makePod = (account: string, spec: object = PLAIN, namespace = IN) =>
  client.create(`/api/v1/namespaces/${namespace}/pods`, {
    metadata: { name: account },
    spec: { serviceAccountName: account, ...spec },
  })

async function audit(...flags: readonly string[]) {
  const args = ['audit', `--kubeconfig=${cluster.connection.adminKubeconfigPath}`, ...flags]
  const run = await runProgramProcess(args)
  return { ...run, report: () => JSON.parse(run.stdout) as { findings: Finding[]; podCount: number } }
}

const annotated = { [`${PREFIX}/role-arn`]: role('app') }

/** Each makes what is found once, by its name. */
const CASES: Readonly<Record<string, () => Promise<unknown>>> = {
  partly_missed: async () => {
    await makeAccount('partly', annotated)
    await makePod('partly', injected({ others: [{ name: 'sidecar', image: 'a' }] }))
  },
  excluded_by_selector: async () => {
    await makeAccount('excluded', annotated, OUT)
    await makePod('excluded', PLAIN, OUT)
  },
  stale_role: async () => {
    await makeAccount('stale-role', annotated)
    await makePod('stale-role', injected({ role: role('old') }))
  },
  role_gone: async () => {
    await makeAccount('gone')
    await makePod('gone', injected({}))
  },
  stale_audience: async () => {
    await makeAccount('audience', annotated)
    await makePod('audience', injected({ audience: 'other' }))
  },
  stale_regional_sts: async () => {
    await makeAccount('regional', { ...annotated, [`${PREFIX}/sts-regional-endpoints`]: 'true' })
    await makePod('regional', injected({}))
  },
  token_short_lived: async () => {
    await makeAccount('short', { ...annotated, [`${PREFIX}/token-expiration`]: '900' })
    await makePod('short', injected({ expirationSeconds: 900 }))
  },
  invalid_annotation: async () => {
    await makeAccount('invalid', { [`${PREFIX}/role-arn`]: 's3-reader' })
    await makePod('invalid', injected({ role: 's3-reader' }))
  },
  mistyped_prefix: async () => {
    await makeAccount('mistyped', { 'eks.amazon.com/role-arn': role('app') })
    await makePod('mistyped')
  },
  unused_account: () => makeAccount('unused', annotated),
}

for (const make of Object.values(CASES)) await make()
// Right as they are.
await makeAccount('right', annotated)
await makePod('right', injected({}))
await makeAccount('by-hand', annotated)
await makePod('by-hand', {
  containers: [{ name: 'app', image: 'a', env: [{ name: 'AWS_ROLE_ARN', value: role('own') }] }],
})
await makeAccount('skipped', annotated)
await client.create(`/api/v1/namespaces/${IN}/pods`, {
  metadata: { name: 'skipped', labels: { [`${PREFIX}/skip-pod-identity-webhook`]: 'true' } },
  spec: { serviceAccountName: 'skipped', ...PLAIN },
})
// A Deployment of three: one finding.
await makeAccount('missed', annotated)
// The API server notes when something is written only of an object that was created with more than a name.
await client.create(`/api/v1/namespaces/${IN}/serviceaccounts`, {
  metadata: { name: 'restarted', labels: { app: 'restarted' } },
})
await client.create(`/apis/apps/v1/namespaces/${IN}/deployments`, {
  metadata: { name: 'missed' },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'missed' } },
    template: { metadata: { labels: { app: 'missed' } }, spec: { serviceAccountName: 'missed', ...PLAIN } },
  },
})
await makePod('restarted')
const pods = async () => {
  const { items } = await client.get<{ items: unknown[] }>(
    `/api/v1/namespaces/${IN}/pods?labelSelector=app%3Dmissed`,
  )
  return items.length === 3 || undefined
}
await poll(pods, EVENT_MS)
const created = await client.get<{ metadata: { creationTimestamp: string } }>(
  `/api/v1/namespaces/${IN}/pods/restarted`,
)
// The API server notes times by whole seconds.
const isLater = async () => Date.now() - Date.parse(created.metadata.creationTimestamp) > 2_000 || undefined
await poll(isLater, EVENT_MS)
await cluster.kubectl([
  ...['annotate', 'serviceaccount', 'restarted', `--namespace=${IN}`],
  `${PREFIX}/role-arn=${role('app')}`,
])

t.test('each finding is made once, and is seen by one row', async (t) => {
  const { code, report, stderr } = await audit('-o', 'json')
  t.equal(code, 1)
  t.equal(stderr, '')
  const ours = report().findings.filter(({ namespace }) => [IN, OUT].includes(namespace))
  const found = ours.map((finding) => [finding.code, `${finding.kind}/${finding.name}`, finding.podCount])
  t.strictSame(found, [
    ['missed', 'Deployment/missed', 3],
    ['not_restarted_since_annotation', 'Pod/restarted', 1],
    ['partly_missed', 'Pod/partly', 1],
    ['excluded_by_selector', 'Pod/excluded', 1],
    ['stale_role', 'Pod/stale-role', 1],
    ['role_gone', 'Pod/gone', 1],
    ['stale_audience', 'Pod/audience', 1],
    ['stale_regional_sts', 'Pod/regional', 1],
    ['token_short_lived', 'Pod/short', 1],
    ['invalid_annotation', 'ServiceAccount/invalid', 0],
    ['mistyped_prefix', 'ServiceAccount/mistyped', 0],
    ['unused_account', 'ServiceAccount/unused', 0],
  ])
  const detail = (code: string) => ours.find((finding) => finding.code === code)?.detail
  t.match(detail('excluded_by_selector'), 'namespaceSelector of all-pods.pod-identity-webhook.amazonaws.com')
  t.match(detail('stale_role'), role('old'))
  t.match(detail('partly_missed'), 'sidecar')
})

t.test('one namespace, one label, and a table for people', async (t) => {
  const { stdout, stderr } = await audit('-n', OUT)
  t.match(
    stdout,
    /^FINDING +NAMESPACE +OWNER +PODS +SERVICEACCOUNT\nexcluded_by_selector +audit-out +Pod\/excluded +1 +excluded\n$/,
  )
  t.match(stderr, /excluded_by_selector \(1 pod\): should have credentials, and API servers do not ask/)
  const labelled = await audit('-n', IN, '-l', 'app=missed', '-o', 'json')
  t.strictSame(
    labelled
      .report()
      .findings.filter(({ podCount }) => podCount > 0)
      .map(({ code }) => code),
    ['missed'],
  )
  t.match(
    (await audit('-n', IN, '-o', 'wide')).stdout,
    /stale_role .*it has arn:aws:iam::111122223333:role\/old/,
  )
})

t.test('what cannot be read is said, with exit code 2', async (t) => {
  t.match(await audit('-n', 'nowhere'), { code: 2, stderr: /there is no namespace nowhere/ })
  t.match(await runProgramProcess(['audit', '--kubeconfig=/nonexistent']), {
    code: 2,
    stderr: /cannot read the kubeconfig/,
  })
  t.match(await audit('--dry-run'), { code: 2, stderr: /--dry-run goes with --restart/ })
})

t.test('--restart --dry-run changes nothing, and bare pods are named', async (t) => {
  const { stderr } = await audit('-n', IN, '--restart', '--dry-run')
  t.match(stderr, 'would restart Deployment audit-in/missed\n')
  t.match(stderr, 'left alone: audit-in/Pod/gone')
  const { spec } = await client.get<{ spec: { template: { metadata: { annotations?: object } } } }>(
    `/apis/apps/v1/namespaces/${IN}/deployments/missed`,
  )
  t.equal(spec.template.metadata.annotations, undefined)
})

t.test('explain tells the story of each, and the first ✗ says what to do', async (t) => {
  const explain = (...args: string[]) =>
    runProgramProcess([
      'explain',
      `--kubeconfig=${cluster.connection.adminKubeconfigPath}`,
      `-n`,
      IN,
      ...args,
    ])
  const right = await explain('right')
  t.equal(right.code, 0, right.stdout)
  t.match(right.stdout, /✓ as-it-is +it has what it should have\n$/)
  t.match(right.stdout, /✓ token +audience sts.amazonaws.com, 86400 seconds, of issuer https:/)
  const stale = await explain('pod/stale-role')
  t.match(stale, { code: 1, stdout: /✗ as-it-is +it has another role .*role\/old\) → create it again/ })
  t.match(
    (await explain('deploy/missed')).stdout,
    /✗ as-it-is +it should have credentials and has none → create it again/,
  )
  t.match((await explain('mistyped')).stdout, /✗ role +it has no role; annotation eks\.amazon\.com\/role-arn/)
  const excluded = await explain('excluded', '-n', OUT)
  t.match(excluded.stdout, /✗ asked +the namespaceSelector of .* leaves namespace audit-out out/)
  t.match(await explain('nobody'), { code: 2, stderr: /there is no pod audit-in\/nobody/ })
  const json = JSON.parse((await explain('right', '-o', 'json')).stdout)
  t.match(json, { namespace: IN, pod: 'right', checks: [{ id: 'service-account', status: 'ok' }] })
  const manifest = JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'new', namespace: IN },
    spec: { template: { spec: { serviceAccountName: 'right', ...PLAIN } } },
  })
  const file = await runProgramProcess(
    ['explain', `--kubeconfig=${cluster.connection.adminKubeconfigPath}`, '-f', '-'],
    { stdin: manifest },
  )
  t.match(file.stdout, /✓ containers +app gets what it lacks\n/)
  t.match(file.stdout, /– as-it-is +it does not run\n/)
})

t.test('with --aws roles are looked up, each once', async (t) => {
  const iam = await startIamEndpoint()
  t.teardown(() => iam.close())
  iam.roles.set('app', { trustPolicy: '{"Version":"2012-10-17","Statement":[]}', policyArns: [] })
  const args = [
    'audit',
    `--kubeconfig=${cluster.connection.adminKubeconfigPath}`,
    '-n',
    IN,
    '--aws',
    '-o',
    'json',
  ]
  await makeAccount('no-role', { [`${PREFIX}/role-arn`]: role('missing') })
  const run = await runProgramProcess(args, { env: iam.env })
  const { findings } = JSON.parse(run.stdout) as { findings: Finding[] }
  const of = (code: string) => findings.filter((finding) => finding.code === code).map(({ name }) => name)
  t.strictSame(of('role_missing'), ['no-role'])
  t.ok(of('role_does_not_trust').includes('right'))
  t.equal(iam.calls.filter((call) => call === 'GetRole').length, 2)
  const explain = [
    'explain',
    'right',
    `--kubeconfig=${cluster.connection.adminKubeconfigPath}`,
    '-n',
    IN,
    '--aws',
  ]
  const story = await runProgramProcess(explain, { env: iam.env })
  t.match(story, {
    code: 1,
    stdout: /✗ aws +it names a role that does not trust it .* → let it with `role ensure`/,
  })
})

t.test('the rights of the component are enough, and it writes what was found for Prometheus', async (t) => {
  const name = 'pod-identity-webhook-audit'
  const { kubeconfigPath } = await grantComponentAccess(t, cluster, {
    namespace: OWN,
    component: 'audit',
    name,
  })
  const path = join(t.testdir({}), 'audit.prom')
  const args = ['audit', `--kubeconfig=${kubeconfigPath}`, '-o', 'json', `--metrics-file=${path}`]
  const { stdout, stderr } = await runProgramProcess(args)
  const { gaps, findings } = JSON.parse(stdout) as { gaps: string[]; findings: Finding[] }
  t.strictSame(gaps, [], stderr)
  t.ok(findings.some(({ code }) => code === 'excluded_by_selector'))
  const metrics = await readFile(path, 'utf8')
  t.match(metrics, /^pod_identity_webhook_audit_findings\{finding="partly_missed"\} 1$/m)
  t.match(metrics, /^pod_identity_webhook_audit_findings\{finding="role_missing"\} 0$/m)
  t.notMatch(metrics, IN)
  const unwritable = await runProgramProcess([...args.slice(0, -1), '--metrics-file=/nonexistent/a.prom'])
  t.match(unwritable, { code: 1, stderr: /--metrics-file: cannot write \/nonexistent\/a.prom \(ENOENT\)/ })
})

t.test('without a right, what can still be said is said, and the missing verb is named', async (t) => {
  const namespace = OWN
  const rules = [{ apiGroups: [''], resources: ['serviceaccounts', 'pods'], verbs: ['list'] }]
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  const metadata = { name: 'audit-few-rights' }
  await client.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata })
  await client.create(`${rbac}/clusterroles`, { metadata, rules })
  await client.create(`${rbac}/clusterrolebindings`, {
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name },
    subjects: [{ kind: 'ServiceAccount', name: metadata.name, namespace }],
  })
  t.teardown(async () => {
    for (const kind of ['clusterroles', 'clusterrolebindings'])
      await client.send('DELETE', `${rbac}/${kind}/${metadata.name}`)
  })
  const { status } = await client.create<{ status: { token: string } }>(
    `/api/v1/namespaces/${namespace}/serviceaccounts/${metadata.name}/token`,
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  )
  const { apiServerUrl: url, caPem } = cluster.connection
  const folder = t.testdir({ kubeconfig: formatKubeconfig({ url, caPem, token: status.token }) })
  const run = await runProgramProcess(['audit', `--kubeconfig=${join(folder, 'kubeconfig')}`, '-o', 'json'])
  const { gaps, findings } = JSON.parse(run.stdout) as { gaps: string[]; findings: Finding[] }
  t.match(gaps.join('\n'), /you may not list mutatingwebhookconfigurations.admissionregistration.k8s.io/)
  t.match(gaps.join('\n'), /you may not list namespaces/)
  t.ok(findings.some(({ code }) => code === 'stale_role'))
})

t.test('ServiceAccounts that a policy by label does not look at are told', async (t) => {
  const bindings = '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings'
  const selector = { matchLabels: { [`${PREFIX}/pod-identity-account`]: 'true' } }
  const made = await client.send('POST', bindings, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name: 'pod-identity' },
    spec: { policyName: 'audit-nothing', paramRef: { selector, parameterNotFoundAction: 'Allow' } },
  })
  // Before Kubernetes 1.36 there are none.
  if (made.status === 404) return
  t.teardown(() => client.send('DELETE', `${bindings}/pod-identity`))
  await makeAccount('labelled', annotated)
  const labels = { metadata: { labels: selector.matchLabels } }
  const path = `/api/v1/namespaces/${IN}/serviceaccounts/labelled`
  await client.send('PATCH', path, labels, 'application/merge-patch+json')
  const { findings } = (await audit('-n', IN, '-o', 'json')).report()
  const names = findings.filter(({ code }) => code === 'unlabelled_account').map(({ name }) => name)
  t.ok(names.includes('right'))
  t.notOk(names.includes('labelled'))
  t.notOk(names.includes('mistyped'), 'which has no role')
})
