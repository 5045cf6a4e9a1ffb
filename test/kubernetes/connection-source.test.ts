import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { findConnection } from '../../src/kubernetes/connection-source.ts'
import { FakeTiming } from '../support/fake-timing.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')

function writeKubeconfig(server: string, cluster: object = {}, user: object = {}): string {
  return stringify({
    'current-context': 'main',
    contexts: [{ name: 'main', context: { cluster: 'there', user: 'me' } }],
    clusters: [{ name: 'there', cluster: { server, ...cluster } }],
    users: [{ name: 'me', user }],
  })
}

function find(t: Test, given: Partial<Parameters<typeof findConnection>[0]> = {}) {
  return findConnection({
    kubeconfigPath: undefined,
    server: undefined,
    environment: {},
    homeFolder: t.testdirName,
    timing: new FakeTiming(),
    serviceAccountFolder: `${t.testdirName}/nowhere`,
    ...given,
  })
}

t.test('the place to connect to is chosen in order', async (t) => {
  const folder = t.testdir({
    '.kube': { config: writeKubeconfig('https://home:1') },
    named: writeKubeconfig('https://named:1'),
    variable: writeKubeconfig('https://variable:1'),
    account: { token: 'pod-token', 'ca.crt': 'CA' },
  })
  const inCluster = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' }
  const serviceAccountFolder = `${folder}/account`
  const variable = { KUBECONFIG: `${folder}/missing:${folder}/variable` }
  const rows = [
    ['home', {}, 'https://home:1/'],
    ['$KUBECONFIG before home', { environment: variable }, 'https://variable:1/'],
    [
      'the pod before $KUBECONFIG',
      { environment: { ...variable, ...inCluster }, serviceAccountFolder },
      'https://10.0.0.1/',
    ],
    ['a pod without a token is none', { environment: { ...variable, ...inCluster } }, 'https://variable:1/'],
    [
      '--kubeconfig before all',
      { environment: inCluster, serviceAccountFolder, kubeconfigPath: `${folder}/named` },
      'https://named:1/',
    ],
    [
      '--kube-api replaces the server',
      { kubeconfigPath: `${folder}/named`, server: 'https://other:2' },
      'https://other:2/',
    ],
    [
      '--kube-api alone',
      { homeFolder: '/nonexistent', server: 'http://127.0.0.1:8001' },
      'http://127.0.0.1:8001/',
    ],
    [
      'IPv6 in a pod',
      { environment: { ...inCluster, KUBERNETES_SERVICE_HOST: 'fd00::1' }, serviceAccountFolder },
      'https://[fd00::1]/',
    ],
  ] as const
  for (const [name, given, url] of rows)
    t.equal((await find(t, { homeFolder: folder, ...given })).server.href, url, name)

  const pod = await find(t, { environment: inCluster, serviceAccountFolder })
  t.equal(String(pod.tls.ca), 'CA')
  t.equal(await pod.credentials.readAuthorization(), 'Bearer pod-token')
})

t.test('--context chooses another context of the kubeconfig, in a pod too', async (t) => {
  const contexts = ['here', 'there'].map((name) => ({ name, context: { cluster: name } }))
  const clusters = ['here', 'there'].map((name) => ({ name, cluster: { server: `https://${name}` } }))
  const folder = t.testdir({
    config: stringify({ 'current-context': 'here', contexts, clusters }),
    account: { token: 'pod-token', 'ca.crt': 'CA' },
  })
  const kubeconfigPath = `${folder}/config`
  const inPod = {
    environment: {
      KUBERNETES_SERVICE_HOST: '10.0.0.1',
      KUBERNETES_SERVICE_PORT: '443',
      KUBECONFIG: kubeconfigPath,
    },
    serviceAccountFolder: `${folder}/account`,
  }
  t.equal((await find(t, { kubeconfigPath, context: 'there' })).server.href, 'https://there/')
  t.equal((await find(t, { ...inPod, context: 'there' })).server.href, 'https://there/')
  t.equal((await find(t, inPod)).server.href, 'https://10.0.0.1/')
  await t.rejects(
    find(t, { kubeconfigPath, context: 'elsewhere' }),
    /config has no context elsewhere: kubectl config get-contexts lists/,
  )
})

t.test('a kubeconfig’s data, files and flags reach TLS and the Authorization header', async (t) => {
  const folder = t.testdir({
    'ca.crt': 'CA file',
    'me.crt': 'certificate file',
    'me.key': 'key file',
    token: 'token file',
    data: writeKubeconfig(
      'https://there',
      {
        'certificate-authority-data': base64('CA data'),
        'certificate-authority': 'missing',
        'tls-server-name': 'inside',
      },
      {
        'client-certificate-data': base64('certificate data'),
        'client-key-data': base64('key data'),
        token: 'written',
      },
    ),
    files: writeKubeconfig(
      'https://there',
      { 'certificate-authority': 'ca.crt' },
      { 'client-certificate': 'me.crt', 'client-key': 'me.key', tokenFile: 'token', token: 'written' },
    ),
    insecure: writeKubeconfig('https://there', { 'insecure-skip-tls-verify': true }),
  })
  const rows = {
    data: [
      { ca: 'CA data', cert: 'certificate data', key: 'key data', servername: 'inside' },
      'Bearer written',
    ],
    files: [{ ca: 'CA file', cert: 'certificate file', key: 'key file' }, 'Bearer token file'],
    insecure: [{ rejectUnauthorized: false }, undefined],
  } as const
  for (const [name, [tls, authorization]] of Object.entries(rows)) {
    const connection = await find(t, { kubeconfigPath: `${folder}/${name}` })
    const texts = Object.entries(connection.tls).map(([key, value]) => [
      key,
      Buffer.isBuffer(value) ? String(value) : value,
    ])
    t.strictSame(Object.fromEntries(texts), tls, name)
    t.equal(await connection.credentials.readAuthorization(), authorization, name)
  }
})

t.test('several files of $KUBECONFIG are one, and the first of two entries counts', async (t) => {
  const folder = t.testdir({
    one: stringify({ clusters: [{ name: 'there', cluster: { server: 'https://first' } }] }),
    two: writeKubeconfig('https://second', {}, { token: 'second' }),
  })
  const connection = await find(t, { environment: { KUBECONFIG: `${folder}/one:${folder}/two` } })
  t.equal(connection.server.href, 'https://first/')
  t.equal(await connection.credentials.readAuthorization(), 'Bearer second')
})

t.test('a credential plugin of the kubeconfig is run', async (t) => {
  const status = { token: 'from-the-plugin', expirationTimestamp: '2099-01-01T00:00:00Z' }
  const credential = JSON.stringify({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status,
  })
  const exec = (script: string) => ({
    exec: { command: 'sh', args: ['-c', script], apiVersion: 'client.authentication.k8s.io/v1' },
  })
  const folder = t.testdir({
    good: writeKubeconfig('https://there', {}, exec(`echo '${credential}'`)),
    bad: writeKubeconfig('https://there', {}, exec('echo log in first >&2; exit 1')),
    garbled: writeKubeconfig('https://there', {}, exec('echo hush-hush')),
    legacy: writeKubeconfig('https://there', {}, { 'auth-provider': { name: 'gcp' } }),
  })
  const connection = await find(t, { kubeconfigPath: `${folder}/good` })
  t.equal(await connection.credentials.readAuthorization(), 'Bearer from-the-plugin')
  await t.rejects(find(t, { kubeconfigPath: `${folder}/bad` }), {
    message: 'the credential plugin of kubeconfig user me failed: log in first',
  })
  await t.rejects(find(t, { kubeconfigPath: `${folder}/garbled` }), {
    message: 'the credential plugin of kubeconfig user me failed: it printed no JSON',
  })
  await t.rejects(find(t, { kubeconfigPath: `${folder}/legacy` }), {
    message: /auth-provider, which Kubernetes gave up in 1\.26: use an exec plugin or a token/,
  })
})

t.test('what is wrong is said in one line, without secrets', async (t) => {
  const folder = t.testdir({
    broken: 'users:\n- name: me\n  user:\n    token: hush: hush\n',
    list: '- 1\n',
    contextless: stringify({ clusters: [] }),
    clusterless: stringify({
      'current-context': 'main',
      contexts: [{ name: 'main', context: { cluster: 'there' } }],
    }),
    unreadable: writeKubeconfig('https://there', { 'certificate-authority': 'missing.crt' }),
    schemeless: writeKubeconfig('there:6443'),
  })
  const rows = [
    [{}, /^no API server is known: .*--kubeconfig FILE.*--manifests PATH/],
    [{ environment: { KUBECONFIG: '/nonexistent' } }, /^no file of KUBECONFIG=\/nonexistent exists/],
    [{ kubeconfigPath: `${folder}/missing` }, /cannot read the kubeconfig .*missing: ENOENT/],
    [{ kubeconfigPath: `${folder}/broken` }, /cannot read the kubeconfig .*broken: .* at line 4/],
    [{ kubeconfigPath: `${folder}/list` }, /has no current-context/],
    [{ kubeconfigPath: `${folder}/contextless` }, /contextless has no current-context/],
    [
      { kubeconfigPath: `${folder}/clusterless` },
      /context main of .*clusterless names no cluster with a server/,
    ],
    [
      { kubeconfigPath: `${folder}/unreadable` },
      /cannot read .*missing.crt, which the kubeconfig names: ENOENT/,
    ],
    [{ kubeconfigPath: `${folder}/schemeless` }, /there:6443 is not the URL of an API server/],
    [
      { kubeconfigPath: `${folder}/clusterless`, server: 'nonsense' },
      /nonsense is not the URL of an API server/,
    ],
  ] as const
  for (const [given, message] of rows) {
    const error = await find(t, given).then(
      () => new Error('it connected'),
      (error: Error) => error,
    )
    t.equal(error.name, 'ApiConfigurationError')
    t.match(error.message, message)
    t.notMatch(error.message, /\n|hush/)
  }
})
