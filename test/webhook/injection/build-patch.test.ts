import t from 'tap'
import type { Identity } from '../../../src/webhook/identity/decide.ts'
import { createInjector } from '../../../src/webhook/injection/injector.ts'
import type { Container, Pod } from '../../../src/webhook/injection/pod.ts'
import { DEFAULT_SETTINGS, ROLE_ARN } from '../../support/mutation-settings.ts'

const WEB: Identity = {
  method: 'web_identity',
  roleArn: ROLE_ARN,
  audience: 'sts.amazonaws.com',
  tokenExpirationSeconds: 86_400,
  isRegionalSts: false,
}
const CONTAINER: Identity = {
  method: 'container_credentials',
  tokenExpirationSeconds: 80_000,
  isRegionalSts: false,
}
const TOKEN_FILE = '/var/run/secrets/eks.amazonaws.com/serviceaccount/token'
const MOUNT = {
  name: 'aws-iam-token',
  readOnly: true,
  mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount',
}
const WEB_ENV = [
  { name: 'AWS_ROLE_ARN', value: ROLE_ARN },
  { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: TOKEN_FILE },
]
const TOKEN_VOLUME = {
  name: 'aws-iam-token',
  projected: {
    sources: [
      { serviceAccountToken: { audience: 'sts.amazonaws.com', expirationSeconds: 86_400, path: 'token' } },
    ],
  },
}

function podOf(...containers: Container[]): Pod {
  return { spec: { containers } }
}

function patchFor(pod: Pod, identity: Identity = WEB, settings = DEFAULT_SETTINGS, skip?: string) {
  return createInjector(settings)(pod, identity, skip)
}

t.test('web identity on a bare pod: volume, variables in order, read-only mount', async (t) => {
  const { patch, warnings } = patchFor(podOf({ name: 'app' }))
  t.strictSame(patch, [
    { op: 'add', path: '/spec/volumes', value: [TOKEN_VOLUME] },
    { op: 'add', path: '/spec/containers/0/env', value: WEB_ENV },
    { op: 'add', path: '/spec/containers/0/volumeMounts', value: [MOUNT] },
  ])
  t.strictSame(warnings, [])
})

t.test('the volume goes first, variables and mounts last', async (t) => {
  const pod: Pod = {
    spec: {
      volumes: [{ name: 'data' }],
      containers: [
        { name: 'app', env: [{ name: 'A' }], volumeMounts: [{ name: 'data', mountPath: '/data' }] },
      ],
    },
  }
  t.strictSame(patchFor(pod).patch, [
    { op: 'add', path: '/spec/volumes/0', value: TOKEN_VOLUME },
    { op: 'add', path: '/spec/containers/0/env/-', value: WEB_ENV[0] },
    { op: 'add', path: '/spec/containers/0/env/-', value: WEB_ENV[1] },
    { op: 'add', path: '/spec/containers/0/volumeMounts/-', value: MOUNT },
  ])
})

t.test('init containers and native sidecars get the same; ephemeral containers do not', async (t) => {
  const pod = {
    spec: {
      initContainers: [{ name: 'setup' }, { name: 'proxy', restartPolicy: 'Always' }],
      containers: [{ name: 'app' }],
      ephemeralContainers: [{ name: 'debugger' }],
    },
  }
  const paths = patchFor(pod).patch.map((operation) => operation.path)
  t.strictSame(paths, [
    '/spec/volumes',
    '/spec/initContainers/0/env',
    '/spec/initContainers/0/volumeMounts',
    '/spec/initContainers/1/env',
    '/spec/initContainers/1/volumeMounts',
    '/spec/containers/0/env',
    '/spec/containers/0/volumeMounts',
  ])
})

t.test('each group of variables is added where the container has none of it', async (t) => {
  const identity = { ...WEB, isRegionalSts: true }
  const settings = { ...DEFAULT_SETTINGS, awsDefaultRegion: 'eu-west-1' }
  const sts = 'AWS_STS_REGIONAL_ENDPOINTS'
  const region = ['AWS_DEFAULT_REGION', 'AWS_REGION']
  const method = ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE']
  const cases: readonly { has: readonly string[]; added: readonly string[]; isMounted: boolean }[] = [
    { has: [], added: [sts, ...region, ...method], isMounted: true },
    { has: [sts], added: [...region, ...method], isMounted: true },
    { has: ['AWS_REGION'], added: [sts, ...method], isMounted: true },
    { has: ['AWS_DEFAULT_REGION'], added: [sts, ...method], isMounted: true },
    { has: ['AWS_ROLE_ARN'], added: [sts, ...region], isMounted: true },
    { has: ['AWS_WEB_IDENTITY_TOKEN_FILE'], added: [sts, ...region], isMounted: true },
    { has: ['AWS_CONTAINER_CREDENTIALS_FULL_URI'], added: [sts, ...region, ...method], isMounted: true },
    { has: [sts, 'AWS_REGION'], added: method, isMounted: true },
    { has: [sts, 'AWS_REGION', 'AWS_ROLE_ARN'], added: [], isMounted: false },
    { has: [sts, 'AWS_DEFAULT_REGION', 'AWS_WEB_IDENTITY_TOKEN_FILE'], added: [], isMounted: false },
  ]
  for (const { has, added, isMounted } of cases) {
    const env = has.map((name) => ({ name, value: '' }))
    const { patch } = patchFor(podOf({ name: 'app', env }), identity, settings)
    const names = patch
      .filter((operation) => operation.path === '/spec/containers/0/env/-')
      .map((operation) => (operation.value as { name: string }).name)
    t.strictSame(names, added, `a container that sets ${has.join(', ') || 'nothing'}`)
    t.equal(
      patch.some((operation) => operation.path.startsWith('/spec/containers/0/volumeMounts')),
      isMounted,
    )
    t.equal(patch[0]?.path, '/spec/volumes', 'the volume is added in any case')
  }
})

t.test('without flags, only the method’s variables are added', async (t) => {
  const { patch } = patchFor(podOf({ name: 'app', env: [] }))
  t.strictSame(
    patch.map((operation) => operation.path),
    [
      '/spec/volumes',
      '/spec/containers/0/env/-',
      '/spec/containers/0/env/-',
      '/spec/containers/0/volumeMounts',
    ],
  )
})

t.test('container credentials: own volume, variables, audience and label', async (t) => {
  const { patch } = patchFor({ metadata: { labels: { app: 'cart' } }, ...podOf({ name: 'app' }) }, CONTAINER)
  const mountPath = '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount'
  t.strictSame(patch, [
    {
      op: 'add',
      path: '/spec/volumes',
      value: [
        {
          name: 'eks-pod-identity-token',
          projected: {
            sources: [
              {
                serviceAccountToken: {
                  audience: 'pods.eks.amazonaws.com',
                  expirationSeconds: 80_000,
                  path: 'eks-pod-identity-token',
                },
              },
            ],
          },
        },
      ],
    },
    {
      op: 'add',
      path: '/spec/containers/0/env',
      value: [
        { name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: 'http://169.254.170.23/v1/credentials' },
        { name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', value: `${mountPath}/eks-pod-identity-token` },
      ],
    },
    {
      op: 'add',
      path: '/spec/containers/0/volumeMounts',
      value: [{ name: 'eks-pod-identity-token', readOnly: true, mountPath }],
    },
    { op: 'add', path: '/metadata/labels/eks.amazonaws.com~1pod-identity', value: 'enabled' },
  ])
})

t.test('the label is added whatever the pod has for metadata, and once', async (t) => {
  const label = { 'eks.amazonaws.com/pod-identity': 'enabled' }
  const cases: readonly [Pod['metadata'], object | undefined][] = [
    [undefined, { op: 'add', path: '/metadata', value: { labels: label } }],
    [{}, { op: 'add', path: '/metadata/labels', value: label }],
    [{ labels: null }, { op: 'add', path: '/metadata/labels', value: label }],
    [{ labels: label }, undefined],
    [
      { labels: { 'eks.amazonaws.com/pod-identity': 'disabled' } },
      { op: 'add', path: '/metadata/labels/eks.amazonaws.com~1pod-identity', value: 'enabled' },
    ],
  ]
  for (const [metadata, operation] of cases) {
    const { patch } = patchFor({ ...podOf({ name: 'app' }), metadata: metadata ?? null }, CONTAINER)
    t.strictSame(
      patch.find(({ path }) => path.startsWith('/metadata')),
      operation,
    )
  }
})

t.test('the token file of a Windows pod is a Windows path; the mount stays as it is', async (t) => {
  for (const label of ['kubernetes.io/os', 'beta.kubernetes.io/os']) {
    const pod = { spec: { nodeSelector: { [label]: 'windows' }, containers: [{ name: 'app' }] } }
    const { patch } = patchFor(pod)
    t.match(patch[1]?.value, [
      {},
      { value: 'C:\\var\\run\\secrets\\eks.amazonaws.com\\serviceaccount\\token' },
    ])
    t.match(patch[2]?.value, [{ mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount' }])
  }
  const linux = { spec: { nodeSelector: { 'kubernetes.io/os': 'linux' }, containers: [{ name: 'app' }] } }
  t.match(patchFor(linux).patch[1]?.value, [{}, { value: TOKEN_FILE }])
})

t.test(
  'a container that mounts something where the token would go gets variables and no second mount',
  async (t) => {
    for (const mountPath of [MOUNT.mountPath, `${MOUNT.mountPath}/`]) {
      const container = { name: 'app', volumeMounts: [{ name: 'my-token', mountPath }] }
      t.strictSame(
        patchFor(podOf(container)).patch.map(({ path }) => path),
        ['/spec/volumes', '/spec/containers/0/env'],
        mountPath,
      )
    }
    const elsewhere = { name: 'app', volumeMounts: [{ name: 'aws-iam-token', mountPath: '/elsewhere' }] }
    t.strictSame(
      patchFor(podOf(elsewhere)).patch.map(({ path }) => path),
      ['/spec/volumes', '/spec/containers/0/env'],
      'a mount of the volume under another path',
    )
  },
)

t.test(
  'a volume of the token volume’s name stays, and is said to be foreign unless it projects the token',
  async (t) => {
    const foreign: Pod = { spec: { volumes: [{ name: 'aws-iam-token' }], containers: [{ name: 'app' }] } }
    const { patch, warnings } = patchFor(foreign)
    t.notOk(patch.some(({ path }) => path.startsWith('/spec/volumes')))
    t.strictSame(warnings, [{ code: 'foreign_volume', subject: 'aws-iam-token' }])
    const own: Pod = { spec: { volumes: [TOKEN_VOLUME], containers: [{ name: 'app' }] } }
    t.strictSame(patchFor(own).warnings, [])
  },
)

t.test('skipped containers get nothing; the volume is added all the same', async (t) => {
  const { patch, warnings } = patchFor(
    podOf({ name: 'app' }, { name: 'sidecar' }),
    WEB,
    DEFAULT_SETTINGS,
    'sidecar',
  )
  t.strictSame(
    patch.map(({ path }) => path),
    ['/spec/volumes', '/spec/containers/0/env', '/spec/containers/0/volumeMounts'],
  )
  t.strictSame(warnings, [])
  const all = patchFor(podOf({ name: 'app' }), WEB, DEFAULT_SETTINGS, ' app ')
  t.strictSame(
    all.patch.map(({ path }) => path),
    ['/spec/volumes'],
  )
  t.strictSame(
    all.warnings.map(({ code }) => code),
    ['no_container_injected'],
  )
})

t.test('skip-containers that names no container, or cannot be read, is said', async (t) => {
  const unknown = patchFor(podOf({ name: 'app' }), WEB, DEFAULT_SETTINGS, 'app,sidecra')
  t.match(unknown.warnings[0], { code: 'unknown_skip_container', subject: /"sidecra"/ })
  const unreadable = patchFor(podOf({ name: 'app' }), WEB, DEFAULT_SETTINGS, '"app')
  t.equal(unreadable.warnings[0]?.code, 'value_ignored')
  t.equal(unreadable.patch.length, 3, 'nothing is skipped')
})

t.test('a pod that has everything needs no patch, and nobody is warned', async (t) => {
  const pod: Pod = {
    spec: {
      volumes: [TOKEN_VOLUME],
      containers: [{ name: 'app', env: WEB_ENV, volumeMounts: [MOUNT] }],
    },
  }
  t.strictSame(patchFor(pod), { patch: [], warnings: [] })
})

t.test('settings move the mount; slashes do not double', async (t) => {
  const webIdentity = { volumeName: 'v', mountPath: '/tokens/', tokenPath: 'aws/token' }
  const { patch } = patchFor(podOf({ name: 'app' }), WEB, { ...DEFAULT_SETTINGS, webIdentity })
  t.match(patch[0]?.value, [
    { name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'aws/token' } }] } },
  ])
  t.match(patch[1]?.value, [{}, { value: '/tokens/aws/token' }])
  t.match(patch[2]?.value, [{ name: 'v', mountPath: '/tokens/' }])
})
