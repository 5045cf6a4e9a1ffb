import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { FakeApiServer } from '../support/fake-api-server.ts'
import { accountManifest, runInject } from '../support/inject-run.ts'

const POD_SPEC = { serviceAccountName: 'cart', containers: [{ name: 'app' }] }
const TEMPLATE = { template: { spec: POD_SPEC } }

function podYaml(name: string, account = 'cart'): string {
  return `apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: shop}
spec:
  serviceAccountName: ${account}
  containers:
  - name: app
`
}

const VOLUME = `  - name: aws-iam-token
    projected:
      sources:
      - serviceAccountToken:
          audience: sts.amazonaws.com
          expirationSeconds: 86400
          path: token
`
const CONTAINER_ADDITIONS = `    env:
    - name: AWS_ROLE_ARN
      value: arn:aws:iam::111122223333:role/cart
    - name: AWS_WEB_IDENTITY_TOKEN_FILE
      value: /var/run/secrets/eks.amazonaws.com/serviceaccount/token
    volumeMounts:
    - name: aws-iam-token
      readOnly: true
      mountPath: /var/run/secrets/eks.amazonaws.com/serviceaccount
`
const MUTATED_POD = `${podYaml('p')}${CONTAINER_ADDITIONS}  volumes:\n${VOLUME}`

t.test('every kind with a pod gets its credentials', async (t) => {
  const manifests = [t.testdir({ 'account.yaml': accountManifest() })]
  const table: readonly (readonly [apiVersion: string, kind: string, spec: object, podPath: string])[] = [
    ['v1', 'Pod', POD_SPEC, 'spec'],
    ['v1', 'ReplicationController', TEMPLATE, 'spec.template.spec'],
    ['apps/v1', 'Deployment', TEMPLATE, 'spec.template.spec'],
    ['apps/v1', 'ReplicaSet', TEMPLATE, 'spec.template.spec'],
    ['apps/v1', 'StatefulSet', TEMPLATE, 'spec.template.spec'],
    ['apps/v1', 'DaemonSet', TEMPLATE, 'spec.template.spec'],
    ['extensions/v1beta1', 'Deployment', TEMPLATE, 'spec.template.spec'],
    ['batch/v1', 'Job', TEMPLATE, 'spec.template.spec'],
    ['batch/v1', 'CronJob', { jobTemplate: { spec: TEMPLATE } }, 'spec.jobTemplate.spec.template.spec'],
  ]
  for (const [apiVersion, kind, spec, podPath] of table) {
    const object = { apiVersion, kind, metadata: { name: 'x', namespace: 'shop' }, spec }
    const { stdout, error } = await runInject(JSON.stringify(object), { manifests, output: 'json' })
    t.equal(error, undefined, kind)
    const pod = podPath.split('.').reduce((value, key) => value[key], JSON.parse(stdout))
    t.match(
      pod,
      { volumes: [{ name: 'aws-iam-token' }], containers: [{ env: [{ name: 'AWS_ROLE_ARN' }, {}] }] },
      kind,
    )
    const { stdout: patches } = await runInject(JSON.stringify(object), { manifests, output: 'patch' })
    t.match(JSON.parse(patches), [
      {
        kind,
        namespace: 'shop',
        name: 'x',
        patch: [{ op: 'add', path: `/${podPath.replaceAll('.', '/')}/volumes` }, {}, {}],
      },
    ])
  }
})

const OWN_KIND = (spec: string) => `apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: x, namespace: shop}
spec: {template: {spec: ${spec}}}
`

t.test('a pod template of any other group is injected where it is one beyond doubt', async (t) => {
  const manifests = [t.testdir({ 'account.yaml': accountManifest() })]
  for (const containers of ['[{name: app, image: a}]', '[{image: a}]']) {
    const text = OWN_KIND(`{serviceAccountName: cart, containers: ${containers}}`)
    const { stdout, stderr } = await runInject(text, { manifests })
    t.match(stdout, /AWS_ROLE_ARN[\s\S]*aws-iam-token/, containers)
    t.equal(stderr, '')
  }
})

t.test('a kind of another group without one is named once, and passes through', async (t) => {
  const job = 'apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nspec: {template: {spec: {}}}\n'
  const text = [job, job, OWN_KIND('{containers: 5}')].join('---\n')
  const { stdout, stderr } = await runInject(text)
  t.equal(stdout, text)
  t.equal(
    stderr,
    ['Job of batch.volcano.sh', 'Rollout of argoproj.io']
      .map(
        (kind) => `${kind}: not changed: it has no pod at spec.template, the one place that is looked at\n`,
      )
      .join(''),
  )
})

t.test('what has no pod passes through byte for byte', async (t) => {
  const table: readonly (readonly [name: string, text: string])[] = [
    ['nothing', ''],
    ['comments', '# a\n\n# b\n'],
    ['odd style', '---\nkind:   ConfigMap # x\ndata: { a: "1",   b: |-\n }\n'.replace(' |-\n', ' 2')],
    ['JSON', '{"kind" : "Service",\n\t"x":1}'],
    ['a custom resource', 'apiVersion: x/v1\nkind: Deployment\nspec: {template: 5}\n'],
    ['a Deployment without a template', 'apiVersion: apps/v1\nkind: Deployment\nspec: {}\n'],
    ['no object', '- just\n- a list\n--- text\n...\n%YAML 1.2\n---\n5\n'],
    ['a byte order mark and CRLF', '\uFEFFkind: ConfigMap\r\ndata: {}\r\n'],
  ]
  for (const [name, text] of table) {
    const { stdout, stderr, error } = await runInject(text)
    t.equal(error, undefined, name)
    t.equal(stdout, text, name)
    t.equal(stderr, '', name)
    t.equal((await runInject(text, { output: 'diff' })).stdout, '', name)
  }
})

t.test('the text around what is added stays: comments, order, quotes, blank lines', async (t) => {
  const before = `# the shop
${accountManifest()}---
apiVersion: apps/v1
kind: Deployment   # the cart
metadata: {name: "cart", namespace: shop}
spec:
  template:
    spec:
      volumes:   # all
        # scratch
        - name: tmp
          emptyDir: {}
      serviceAccountName: 'cart'

      containers:
        # first
        - name: app   # pinned
          env:

            - {name: A, value: "1"}   # one
            # - name: B
        - {name: side, env: []}

# the end`
  const { stdout, stderr } = await runInject(before)
  t.equal(stderr, '')
  const additions: readonly (readonly [anchor: string, added: string])[] = [
    [
      '      volumes:   # all\n',
      VOLUME.replace(/ {6}- service/, '        - service')
        .replace(/^ {10}/gm, '            ')
        .replace(/^/gm, '      ')
        .replace(/ +$/, ''),
    ],
  ]
  for (const [anchor, added] of additions) t.ok(stdout.includes(anchor + added), added)
  t.ok(stdout.includes('            - {name: A, value: "1"}   # one\n            - name: AWS_ROLE_ARN\n'))
  t.ok(stdout.includes('            # - name: B\n'))
  t.match(
    stdout,
    /\n {8}- \{name: side, env: \[\{name: AWS_ROLE_ARN, value: [^}]+\}, \{[^}]+\}\], volumeMounts: \[\{[^}]+\}\]\}\n\n# the end$/,
  )
  const lines = stdout.split('\n')
  const kept = before.split('\n').filter((line) => !line.includes('name: side'))
  let next = 0
  for (const line of lines) if (line === kept[next]) next++
  t.equal(kept[next], undefined, 'every line is there, in order')
})

t.test('a pod in block style, to the letter', async (t) => {
  const { stdout } = await runInject(`${podYaml('p')}---\n${accountManifest()}`)
  t.equal(stdout, `${MUTATED_POD}---\n${accountManifest()}`)
  t.equal((await runInject(stdout)).stdout, stdout, 'and a second run changes nothing')
})

t.test('Windows line ends, and a last line without an end', async (t) => {
  const text = `${accountManifest()}---\n${podYaml('p')}`.trimEnd().replaceAll('\n', '\r\n')
  const { stdout } = await runInject(text)
  t.equal(stdout, `${accountManifest()}---\n${MUTATED_POD}`.trimEnd().replaceAll('\n', '\r\n'))
})

t.test('Lists, in Lists too', async (t) => {
  const indent = (text: string) => text.trimEnd().replaceAll('\n', '\n  ')
  const list = (...items: readonly string[]) =>
    `apiVersion: v1\nkind: List\nitems:\n${items.map((item) => `- ${indent(item)}\n`).join('')}`
  const other = 'kind: Service # kept\n'
  const before = list(accountManifest(), podYaml('p'), other, list(podYaml('p')))
  t.equal((await runInject(before)).stdout, list(accountManifest(), MUTATED_POD, other, list(MUTATED_POD)))
  const { stdout } = await runInject(before, { output: 'json' })
  t.equal(JSON.parse(stdout).items.length, 4, 'one document is one object')
})

t.test('anchors keep their meaning', async (t) => {
  const table: readonly (readonly [name: string, spec: string, isKept: string])[] = [
    [
      'an anchor that nothing shares with the pod',
      'nodeSelector: &n {a: b}\n  affinity: *n\n  containers: [{name: a}]',
      'affinity: *n',
    ],
    [
      'a list of env in two containers',
      'containers:\n  - name: a\n    env: &e\n    - {name: X, value: z}\n  - name: b\n    env: *e',
      '&e',
    ],
    [
      'a container twice',
      'initContainers:\n  - &c\n    name: a\n    image: i\n  containers:\n  - *c',
      '- &c',
    ],
    [
      'a merged container',
      'initContainers:\n  - &c\n    name: a\n    env: [{name: X, value: z}]\n  containers:\n  - <<: *c\n    name: b',
      '<<: ',
    ],
    [
      'a merge of several',
      'initContainers:\n  - &c {name: a, env: []}\n  - &d {name: c, volumeMounts: []}\n  containers:\n  - <<: [*c, *d]\n    name: b',
      '<<: [',
    ],
    [
      'a list that another place keeps as it was',
      'containers:\n  - name: a\n    env: &e\n    - {name: X, value: z}\n  tolerations: *e',
      'tolerations: [{name: X, value: z}]',
    ],
    [
      'volumes shared with what is no pod',
      'x: &v [{name: t}]\n  volumes: *v\n  containers: [{name: a}]',
      'x: &v [{name: t}]',
    ],
  ]
  for (const [name, spec, kept] of table) {
    const text = `kind: Pod\napiVersion: v1\nmetadata: {name: p, namespace: shop}\nspec:\n  serviceAccountName: cart\n  ${spec}\n`
    const manifests = [t.testdir({ 'account.yaml': accountManifest() })]
    const { stdout, stderr } = await runInject(text, { manifests })
    const json = await runInject(text, { manifests, output: 'json' })
    t.equal(stderr, '', name)
    t.strictSame(parse(stdout, { merge: true }) as unknown, JSON.parse(json.stdout), name)
    t.ok(stdout.includes(kept), name)
    t.equal((await runInject(stdout, { manifests })).stdout, stdout, `${name}, twice`)
  }
})

t.test('what cannot be edited in place is written anew, and says so', async (t) => {
  const manifests = [t.testdir({ 'account.yaml': accountManifest() })]
  const text = `${podYaml('p')}  volumes:\n    &v\n    - name: t # lost\n`
  const { stdout, stderr } = await runInject(text, { manifests })
  const json = await runInject(text, { manifests, output: 'json' })
  t.strictSame(parse(stdout) as unknown, JSON.parse(json.stdout))
  t.equal(stderr, 'stdin:1: warning: the document was written anew, and its comments are lost\n')
})

t.test('where ServiceAccounts come from', async (t) => {
  const folder = t.testdir({
    'a.yaml': accountManifest('cart').replace('role/cart', 'role/manifest'),
    identities: '{"identities":[{"namespace":"shop","serviceAccount":"cart"}]}',
  })
  const roleOf = (text: string) => /role\/(\w+)$/m.exec(text.slice(text.indexOf('AWS_ROLE_ARN')))?.[1]
  const manifests = [join(folder, 'a.yaml')]
  t.equal(roleOf((await runInject(podYaml('p'), { manifests })).stdout), 'manifest')
  const both = await runInject(`${podYaml('p')}---\n${accountManifest()}`, { manifests })
  t.equal(roleOf(both.stdout), 'cart', 'the input counts first')
  t.match(both.stderr, /^stdin:9: ServiceAccount shop\/cart takes the place of the one at .*a\.yaml:1\n$/)

  const containerCredentialsPath = join(folder, 'identities')
  const { stdout } = await runInject(podYaml('p'), { containerCredentialsPath })
  t.match(parse(stdout), {
    metadata: { labels: { 'eks.amazonaws.com/pod-identity': 'enabled' } },
    spec: { containers: [{ env: [{ name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI' }, {}] }] },
  })
  t.equal(
    (await runInject(podYaml('p'), { containerCredentialsPath })).stdout,
    stdout,
    'the same in every run',
  )

  const configMap = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: pod-identity-webhook, namespace: eks}\ndata:\n  config: '{"*/cart": {"RoleARN": "arn:aws:iam::111122223333:role/mapped"}}'\n`
  t.equal(roleOf((await runInject(`${podYaml('p')}---\n${configMap}`)).stdout), 'mapped')
  const unwatched = await runInject(`${podYaml('p')}---\n${configMap}`, { isConfigMapWatched: false })
  t.match(unwatched.stderr, /ConfigMap eks\/pod-identity-webhook is ignored without --watch-config-map\n/)
})

t.test('the names that a pod may give its ServiceAccount', async (t) => {
  const manifests = [
    t.testdir({ 'account.yaml': `${accountManifest('default')}---\n${accountManifest('cart')}` }),
  ]
  const table: readonly (readonly [given: object, name: string])[] = [
    [{}, 'default'],
    [{ serviceAccountName: '' }, 'default'],
    [{ serviceAccountName: null }, 'default'],
    [{ serviceAccount: 'cart' }, 'cart'],
    [{ serviceAccount: 'default', serviceAccountName: 'cart' }, 'cart'],
  ]
  for (const [given, name] of table) {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'shop', name: 'p' },
      spec: { ...given, containers: [{ name: 'a' }] },
    }
    const { stdout } = await runInject(JSON.stringify(pod), { manifests, output: 'json' })
    const { spec } = JSON.parse(stdout)
    t.equal(spec.containers[0].env[0].value, `arn:aws:iam::111122223333:role/${name}`)
    t.match(spec, given, 'and the name itself is left as it is')
  }
})

t.test('why a pod got nothing is said on stderr', async (t) => {
  const plain = accountManifest().replace(/ {2}annotations:\n.*\n/, '')
  const labelled = podYaml('p').replace(
    'namespace: shop',
    'namespace: shop, labels: {eks.amazonaws.com/skip-pod-identity-webhook: ""}',
  )
  const table: readonly (readonly [text: string, line: RegExp])[] = [
    [
      podYaml('p'),
      /^Pod shop\/p: not changed: its ServiceAccount is not at hand \(ServiceAccount shop\/cart\); give its manifest .*\n$/,
    ],
    [
      `${plain}---\n${podYaml('p')}`,
      /^Pod shop\/p: not changed: the ServiceAccount has no role \(ServiceAccount shop\/cart\); annotate it with role-arn\n$/,
    ],
    [
      `${accountManifest()}---\n${labelled}`,
      /^Pod shop\/p: not changed: the pod carries the label that keeps it out .*\n$/,
    ],
    [
      `${accountManifest()}---\n${MUTATED_POD}`,
      /^Pod shop\/p: not changed: the pod has all of its credentials already .*\n$/,
    ],
    [
      podYaml('p').replace('name: p', 'generateName: p-').replace(', namespace: shop', ''),
      /^Pod default\/p-: not changed/,
    ],
  ]
  for (const [text, line] of table) {
    const { stdout, stderr } = await runInject(text)
    t.match(stderr, line)
    t.equal(stdout, text)
  }
  const warned = await runInject(`${accountManifest().replace('arn:aws', 'arm:aws')}---\n${podYaml('p')}`)
  t.match(warned.stderr, /^Pod shop\/p: warning: role "arm:aws[^\n]+ is not the ARN of an IAM role[^\n]+\n$/)
})

t.test('bad input: file, line and what is wrong, and nothing is written', async (t) => {
  const folder = t.testdir({ 'bad.yaml': 'kind: X\n a: b\n', identities: '{', entries: '{"identities":[1]}' })
  const good = `${accountManifest()}---\n${podYaml('p')}---\n`
  const malformed = (spec: string) =>
    `${good}apiVersion: v1\nkind: List\nitems:\n- apiVersion: apps/v1\n  kind: Deployment\n  spec: {template: {spec: ${spec}}}\n`
  const table: readonly (readonly [name: string, text: string, options: object, message: RegExp])[] = [
    ['no YAML', `${good}a: [\n`, {}, /^stdin:18: /],
    [
      'containers that are no list',
      malformed('{containers: {}}'),
      {},
      /^stdin:20: the pod of this Deployment at spec.template is malformed: spec.containers is not a list$/,
    ],
    [
      'a pod without spec',
      `${good}kind: Pod\n`,
      {},
      /^stdin:17: the pod of this Pod is malformed: spec is not an object$/,
    ],
    [
      'a bad ServiceAccount',
      `${good}kind: ServiceAccount\n`,
      {},
      /^stdin:17: the ServiceAccount has no metadata$/,
    ],
    ['a file that is not there', '', { inputs: [join(folder, 'none')] }, /none: there is no such file$/],
    ['a folder', '', { inputs: [folder] }, /: it is a folder$/],
    ['a bad file after a good one', good, { inputs: ['-', join(folder, 'bad.yaml')] }, /bad\.yaml:\d: /],
    ['a bad manifest', good, { manifests: [join(folder, 'bad.yaml')] }, /bad\.yaml:\d: /],
    [
      'manifests that are not there',
      good,
      { manifests: [join(folder, 'none')] },
      /none: there is no such file or folder$/,
    ],
    [
      'bad container credentials',
      good,
      { containerCredentialsPath: join(folder, 'identities') },
      /identities: it is not JSON/,
    ],
    [
      'a bad entry of them',
      good,
      { containerCredentialsPath: join(folder, 'entries') },
      /entries: identities\[0\] is not/,
    ],
    [
      'none of them',
      good,
      { containerCredentialsPath: join(folder, 'none') },
      /none: there is no such file$/,
    ],
    [
      'a bad ConfigMap',
      `${good}kind: ConfigMap\nmetadata: {name: pod-identity-webhook, namespace: eks}\ndata: {config: '{"x":{}}'}\n`,
      {},
      /^stdin:17: ConfigMap pod-identity-webhook, key config: "x" is not of the form/,
    ],
    ['no kubeconfig', good, { kubeconfig: join(folder, 'none') }, /none/],
  ]
  for (const [name, text, options, message] of table) {
    for (const output of ['yaml', 'json', 'patch', 'diff'] as const) {
      const { stdout, stderr, error } = await runInject(text, { ...options, output })
      t.match(error, message, name)
      t.match(error, /^[^\n]+$/, name)
      t.equal(stdout + stderr, '', name)
    }
  }
})

t.test('several inputs are one stream', async (t) => {
  const folder = t.testdir({
    'a.yaml': accountManifest(),
    'b.yaml': podYaml('p').trimEnd(),
    'c.yaml': '---\nkind: Service\n',
    'd.yaml': '# none\n',
  })
  const inputs = ['a.yaml', 'b.yaml', 'c.yaml', 'd.yaml'].map((name) => join(folder, name))
  const { stdout } = await runInject('', { inputs })
  t.equal(stdout, `${accountManifest()}---\n${MUTATED_POD}---\nkind: Service\n---\n# none\n`)
  t.equal(parseAllDocuments(stdout).length, 4)
  const json = await runInject('', { inputs, output: 'json' })
  t.match(JSON.parse(json.stdout), {
    apiVersion: 'v1',
    kind: 'List',
    items: [{ kind: 'ServiceAccount' }, { kind: 'Pod' }, { kind: 'Service' }],
  })
})

t.test('the diff', async (t) => {
  const text = `${accountManifest()}---\n${podYaml('p')}`
  const diff = `--- stdin
+++ stdin (injected)
@@ -13,3 +13,20 @@
   serviceAccountName: cart
   containers:
   - name: app
${`${CONTAINER_ADDITIONS}  volumes:\n${VOLUME}`.trimEnd().replace(/^/gm, '+')}
`
  t.equal((await runInject(text, { output: 'diff' })).stdout, diff)
  const coloured = await runInject(text, { output: 'diff', isTTY: true })
  t.ok(coloured.stdout.includes('\u001B[32m+    env:\u001B[0m\n'))
  t.equal(coloured.stdout.split(/\p{Cc}\[\d+m/u).join(''), diff)
  t.equal((await runInject(text, { output: 'diff', isTTY: true, env: { NO_COLOR: '1' } })).stdout, diff)
})

t.test('a cluster is asked once for each ServiceAccount that is not at hand', async (t) => {
  const server = await FakeApiServer.start()
  t.teardown(() => server.close())
  const arn = 'arn:aws:iam::111122223333:role/cart'
  server.put('serviceaccounts', {
    namespace: 'shop',
    name: 'cart',
    annotations: { 'eks.amazonaws.com/role-arn': arn },
  })
  server.put('configmaps', {
    namespace: 'eks',
    name: 'pod-identity-webhook',
    data: { config: `{"shop/other":{"RoleARN":"${arn}"}}` },
  })
  const kubeconfig = join(t.testdir({}), 'kubeconfig')
  await writeFile(
    kubeconfig,
    JSON.stringify({
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [
        {
          name: 'c',
          cluster: {
            server: server.url,
            'certificate-authority-data': Buffer.from(server.ca).toString('base64'),
          },
        },
      ],
      users: [{ name: 'u', user: {} }],
    }),
  )
  const text = [podYaml('a'), podYaml('b'), podYaml('c', 'other'), podYaml('d', 'none')].join('---\n')
  const { stdout, stderr, error } = await runInject(text, { kubeconfig })
  t.equal(error, undefined)
  t.equal(stdout.split(arn).length - 1, 3)
  t.match(stderr, /^Pod shop\/d: not changed: [^\n]+\n$/)
  const paths = server.requests.map(({ path }) => path.replace(/^.*\/namespaces\//, ''))
  t.equal(paths.length, 4)
  t.strictSame(
    new Set(paths),
    new Set([
      'eks/configmaps/pod-identity-webhook',
      'shop/serviceaccounts/cart',
      'shop/serviceaccounts/none',
      'shop/serviceaccounts/other',
    ]),
  )
  server.intercept = () => ({ kind: 'status', status: 500 })
  const failed = await runInject(podYaml('a'), { kubeconfig, isConfigMapWatched: false })
  t.match(failed.error, /^stdin:1: ServiceAccount shop\/cart could not be looked up: [^\n]*500/)
  t.equal(failed.stdout, '')
})
