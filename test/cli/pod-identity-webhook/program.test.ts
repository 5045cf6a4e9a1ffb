import t from 'tap'
import { nameVariable } from '../../../src/cli/engine/command-line.ts'
import type { FlagDefinition } from '../../../src/cli/engine/flag-table.ts'
import { parseFlag } from '../../../src/cli/engine/flag-value.ts'
import { describeDefault } from '../../../src/cli/engine/help-page.ts'
import { runProgram } from '../../../src/cli/engine/program.ts'
import { ACTIONS } from '../../../src/cli/pod-identity-webhook/actions.ts'
import { LOGGING_FLAGS } from '../../../src/cli/pod-identity-webhook/flags/logging-flags.ts'
import { createProgram } from '../../../src/cli/pod-identity-webhook/program.ts'
import { LOG_LEVELS } from '../../../src/telemetry/logger.ts'
import type { InjectOptions } from '../../../src/webhook/inject.ts'
import type { ServeOptions } from '../../../src/webhook/serve-options.ts'
import { captureIo } from '../capture-io.ts'

type Settings = Parameters<typeof captureIo>[0]

/** Runs the program with actions that only record what they are asked for. */
async function run(args: readonly string[], settings: Settings = {}) {
  const asked: { serve?: ServeOptions; inject?: InjectOptions } = {}
  const program = createProgram({
    ...ACTIONS,
    serve: async (options) => {
      asked.serve = options
    },
    inject: async (options) => {
      asked.inject = options
    },
  })
  const { io, output } = captureIo(settings)
  return { code: await runProgram(program, args, io), ...asked, ...output }
}

async function serveOptions(line: string, settings: Settings = {}): Promise<ServeOptions> {
  const { serve, stderr } = await run(line.split(' ').filter(Boolean), settings)
  if (serve === undefined) throw new Error(stderr)
  return serve
}

async function injectOptions(line: string): Promise<InjectOptions> {
  const { inject, stderr } = await run(['inject', ...line.split(' ').filter(Boolean)])
  if (inject === undefined) throw new Error(stderr)
  return inject
}

const DEFAULT_SETTINGS = {
  annotationPrefix: 'eks.amazonaws.com',
  defaults: { audience: 'sts.amazonaws.com', tokenExpirationSeconds: 86400, isRegionalSts: false },
  awsDefaultRegion: undefined,
  roleArnParts: undefined,
  webIdentity: {
    volumeName: 'aws-iam-token',
    mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount',
    tokenPath: 'token',
  },
  containerCredentials: {
    volumeName: 'eks-pod-identity-token',
    mountPath: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount',
    tokenPath: 'eks-pod-identity-token',
    audience: 'pods.eks.amazonaws.com',
    fullUri: 'http://169.254.170.23/v1/credentials',
  },
}

t.test('serve without flags is what the Go webhook does without flags', async (t) => {
  const { version, ...options } = await serveOptions('')
  t.match(version, /^\d+\.\d+\.\d+/)
  t.strictSame(options, {
    port: 443,
    metricsPort: 9999,
    certificate: {
      kind: 'self-managed',
      source: { kind: 'api-server', kubeconfig: undefined, apiServerUrl: undefined },
      namespace: 'eks',
      secretName: 'pod-identity-webhook',
      serviceName: 'pod-identity-webhook',
      webhookConfigurationName: 'pod-identity-webhook',
      lifetimes: { authorityMs: 8760 * 3_600_000, leafMs: 720 * 3_600_000, overlapMs: 600_000 },
    },
    tls: { minVersion: 'TLSv1.2', ciphers: undefined },
    source: { kind: 'api-server', kubeconfig: undefined, apiServerUrl: undefined },
    namespace: 'eks',
    isConfigMapWatched: false,
    containerCredentialsPath: undefined,
    containerCredentialsConfigMap: undefined,
    lookup: { mode: 'fresh', timeoutMs: 250, missTimeoutMs: 1000 },
    hasDebugHandlers: false,
    shutdown: { delayMs: 5000, timeoutMs: 25_000 },
    settings: DEFAULT_SETTINGS,
    roleArnComposition: { isEnabled: false, accountId: undefined, partition: undefined },
    log: { level: 'info', format: 'json' },
  })
})

const COMMAND_LINES_OF_THE_GO_WEBHOOK = [
  '--in-cluster=false --namespace=default --service-name=pod-identity-webhook --annotation-prefix=eks.amazonaws.com --token-audience=sts.amazonaws.com --logtostderr --v=2',
  '--in-cluster --port=6443 --namespace=kube-system --service-name=pod-identity-webhook --tls-secret=pod-identity-webhook --annotation-prefix=eks.amazonaws.com --token-audience=sts.amazonaws.com --logtostderr',
  '--aws-default-region=us-east-1 --in-cluster=false --tls-cert=/var/run/app/certs/tls.crt --tls-key=/var/run/app/certs/tls.key --namespace=openshift-cloud-credential-operator --port=9443 --service-name=pod-identity-webhook --annotation-prefix=eks.amazonaws.com --token-audience=sts.amazonaws.com --logtostderr',
  '--in-cluster=false --namespace=kube-system --service-name=pod-identity-webhook --annotation-prefix=kubernetes --token-audience=sts.amazonaws.com --token-audience=sts.amazonaws.com --sts-regional-endpoint=true --aws-default-region= --token-expiration=86400 --token-mount-path=/var/run/secrets/eks.amazonaws.com/serviceaccount -v 4',
  '--kubeconfig /etc/kubernetes/webhook.conf --kube-api https://127.0.0.1:6443 --in-cluster=false --alsologtostderr=false --stderrthreshold=2 --log_dir=/var/log --log_file= --log_file_max_size=1800 --log_backtrace_at=:0 --vmodule= --add_dir_header=false --skip_headers --skip_log_headers=true --one_output=false -v=4',
  '--watch-config-map --compose-role-arn=true --watch-container-credentials-config=/etc/eks/config.json --container-credentials-audience=pods --container-credentials-token-mount-path=/var/run/pods --container-credentials-token-volume-name=pods --container-credentials-token-path=pods --container-credentials-full-uri=http://127.0.0.1/v1 --service-account-lookup-grace-period=0 --resync-period=10m --enable-debugging-handlers=true --metrics-port=9998 --tls-min-version=VersionTLS13 --tls-cipher-suites=TLS_AES_128_GCM_SHA256',
]

for (const line of COMMAND_LINES_OF_THE_GO_WEBHOOK) {
  t.test(`a Deployment of the Go webhook starts unchanged: ${line.slice(0, 60)}…`, async (t) => {
    const { code, serve, stderr } = await run(line.split(' '))
    t.strictSame({ code, stderr }, { code: 0, stderr: '' })
    t.ok(serve)
  })
}

t.test(
  'a Service beside the webhook, as the kubelet writes it into the environment, changes nothing',
  async (t) => {
    const env = {
      POD_IDENTITY_WEBHOOK_SERVICE_HOST: '10.96.0.7',
      POD_IDENTITY_WEBHOOK_SERVICE_PORT: '443',
      POD_IDENTITY_WEBHOOK_PORT: 'tcp://10.96.0.7:443',
      POD_IDENTITY_WEBHOOK_PORT_443_TCP: 'tcp://10.96.0.7:443',
      POD_IDENTITY_WEBHOOK_METRICS_PORT: 'tcp://10.96.0.8:9999',
    }
    t.strictSame(await serveOptions('', { env }), await serveOptions(''))
  },
)

const MAPPINGS: readonly (readonly [line: string, expected: object])[] = [
  ['--port=0 --metrics-port=0', { port: 0, metricsPort: 0 }],
  ['--in-cluster=false', { certificate: { kind: 'files', certPath: '/etc/webhook/certs/tls.crt' } }],
  ['--in-cluster=false --tls-cert=a --tls-key=b', { certificate: { certPath: 'a', keyPath: 'b' } }],
  [
    '--namespace=x --tls-secret=s --service-name=n --webhook-configuration=w --kubeconfig=k',
    {
      certificate: {
        namespace: 'x',
        secretName: 's',
        serviceName: 'n',
        webhookConfigurationName: 'w',
        source: { kubeconfig: 'k' },
      },
    },
  ],
  [
    '--ca-lifetime=3h --leaf-lifetime=1h --ca-overlap=20m',
    { certificate: { lifetimes: { authorityMs: 10_800_000, leafMs: 3_600_000, overlapMs: 1_200_000 } } },
  ],
  ['--in-cluster=false --leaf-lifetime=1s', { certificate: { kind: 'files' } }],
  [
    '--manifests=a --manifests b',
    { certificate: { kind: 'files' }, source: { kind: 'manifests', paths: ['a', 'b'] } },
  ],
  ['--namespace=x', { namespace: 'x' }],
  ['--kubeconfig=k --kube-api=https://h', { source: { kubeconfig: 'k', apiServerUrl: 'https://h' } }],
  ['--tls-min-version=1.3', { tls: { minVersion: 'TLSv1.3' } }],
  ['--tls-min-version=VersionTLS10', { tls: { minVersion: 'TLSv1' } }],
  [
    '--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
    { tls: { ciphers: /ECDHE-RSA-AES128-GCM-SHA256/ } },
  ],
  ['--enable-debugging-handlers --watch-config-map', { hasDebugHandlers: true, isConfigMapWatched: true }],
  ['--token-expiration=10', { settings: { defaults: { tokenExpirationSeconds: 600 } } }],
  ['--token-expiration=-1', { settings: { defaults: { tokenExpirationSeconds: 600 } } }],
  ['--token-expiration=3600', { settings: { defaults: { tokenExpirationSeconds: 3600 } } }],
  ['--token-audience=', { settings: { defaults: { audience: '' } } }],
  ['--sts-regional-endpoint', { settings: { defaults: { isRegionalSts: true } } }],
  ['--aws-default-region=eu-west-1', { settings: { awsDefaultRegion: 'eu-west-1' } }],
  ['--token-mount-path=/a/', { settings: { webIdentity: { mountPath: '/a/' } } }],
  ['--compose-role-arn', { settings: { roleArnParts: undefined }, roleArnComposition: { isEnabled: true } }],
  [
    '--compose-role-arn --aws-account-id=111122223333 --aws-partition=aws-cn',
    {
      settings: { roleArnParts: { accountId: '111122223333', partition: 'aws-cn' } },
      roleArnComposition: { isEnabled: true, accountId: '111122223333', partition: 'aws-cn' },
    },
  ],
  ['--aws-account-id=111122223333 --aws-partition=aws', { settings: { roleArnParts: undefined } }],
  ['--service-account-lookup=strict', { lookup: { mode: 'strict' } }],
  ['--service-account-lookup-grace-period=3s', { lookup: { timeoutMs: 250, missTimeoutMs: 3000 } }],
  ['--service-account-lookup-timeout=2s', { lookup: { timeoutMs: 2000, missTimeoutMs: 2000 } }],
  ['--service-account-lookup=cached', { lookup: { mode: 'cached' } }],
  ['--container-credentials-config-map=who', { containerCredentialsConfigMap: 'who' }],
  ['--shutdown-delay=0 --shutdown-timeout=1m', { shutdown: { delayMs: 0, timeoutMs: 60_000 } }],
  ['-v=3', { log: { level: 'info' } }],
  ['-v=4', { log: { level: 'debug' } }],
  ['-v=6', { log: { level: 'trace' } }],
  ['-v=10 --log-level=warn', { log: { level: 'warn' } }],
  ['--log-format=pretty', { log: { format: 'pretty' } }],
]

for (const [line, expected] of MAPPINGS) {
  t.test(`serve ${line}`, async (t) => {
    t.match(await serveOptions(line), expected)
    t.strictSame(await serveOptions(`serve ${line}`), await serveOptions(line))
  })
}

t.test('lines are pretty on a terminal unless told otherwise', async (t) => {
  t.equal((await serveOptions('', { isTTY: true })).log.format, 'pretty')
  t.equal((await serveOptions('--log-format=json', { isTTY: true })).log.format, 'json')
})

t.test('inject takes the injection flags that serve takes', async (t) => {
  const { io: _, ...options } = await injectOptions('--token-expiration=900 --annotation-prefix=example.com')
  t.strictSame(options, {
    inputs: ['-'],
    manifests: [],
    output: 'yaml',
    kubeconfig: undefined,
    namespace: 'eks',
    isConfigMapWatched: false,
    containerCredentialsPath: undefined,
    containerCredentialsConfigMap: undefined,
    settings: {
      ...DEFAULT_SETTINGS,
      annotationPrefix: 'example.com',
      defaults: { ...DEFAULT_SETTINGS.defaults, tokenExpirationSeconds: 900 },
    },
  })
  t.match(
    await injectOptions(
      '-f a.yaml -f - -o diff --manifests=m --container-credentials-config=c --kubeconfig=k',
    ),
    {
      inputs: ['a.yaml', '-'],
      manifests: ['m'],
      output: 'diff',
      containerCredentialsPath: 'c',
      kubeconfig: 'k',
    },
  )
})

const MISTAKES: readonly (readonly [line: string, message: string])[] = [
  [
    '--container-credentials-config-map=c --watch-container-credentials-config=f',
    'give --container-credentials-config-map or --watch-container-credentials-config, not both',
  ],
  [
    '--container-credentials-config-map=c --manifests=m',
    '--container-credentials-config-map is read from an API server; with --manifests give --watch-container-credentials-config',
  ],
  ['--container-credentials-config-map=C', '--container-credentials-config-map is "C"'],
  [
    'inject --container-credentials-config-map=c',
    '--container-credentials-config-map is read from a cluster; give --kubeconfig too',
  ],
  [
    'inject --kubeconfig=k --container-credentials-config-map=c --container-credentials-config=f',
    'give --container-credentials-config-map or --container-credentials-config, not both',
  ],
  ['--port=443 --metrics-port=443', '--port and --metrics-port are both 443; give each a port of its own'],
  ['--port=70000', '--port is "70000"; it takes a whole number from 0 to 65535'],
  ['--tls-cipher-suites=RC4', '--tls-cipher-suites'],
  ['--aws-account-id=12', '--aws-account-id is "12"; it takes twelve digits'],
  ['--token-mount-path=token', '--token-mount-path is "token"; it takes an absolute path without a colon'],
  [
    '--container-credentials-token-path=../x',
    '--container-credentials-token-path is "../x"; it takes a relative path without ..',
  ],
  [
    '--annotation-prefix=EKS_',
    '--annotation-prefix is "EKS_"; it takes a name of lower-case letters, digits, dashes and dots such as eks.amazonaws.com',
  ],
  ['--annotation-prefix=', '--annotation-prefix is ""; it takes a name of lower-case letters'],
  ['--leaf-lifetime=9s', '--leaf-lifetime is too short; it takes 10s at least'],
  ['--ca-lifetime=3h --leaf-lifetime=61m', '--leaf-lifetime is over a third of --ca-lifetime'],
  ['--leaf-lifetime=29m', '--ca-overlap is over a third of --leaf-lifetime'],
  [
    '--ca-lifetime=87601h',
    '--ca-lifetime is "87601h"; it takes a duration such as 100ms, 1s or 1h30m, of 3650',
  ],
  ['--kube-api=127.0.0.1', '--kube-api is "127.0.0.1"; it takes a URL that begins with http:// or https://'],
  [
    '--manifests=a --kubeconfig=k',
    '--manifests stands for an API server; give it without --kubeconfig and --kube-api',
  ],
  [
    'inject --compose-role-arn',
    'inject --compose-role-arn needs --aws-account-id and --aws-partition: it asks no EC2 instance',
  ],
  ['inject --port=1', 'unknown flag --port'],
  ['inject -o xml', '-o is "xml"; it takes yaml, json, patch or diff'],
]

for (const [line, message] of MISTAKES) {
  t.test(`refuses ${line}`, async (t) => {
    const { code, stdout, stderr, serve, inject } = await run(line.split(' '))
    t.strictSame(
      { code, stdout, serve, inject },
      { code: 2, stdout: '', serve: undefined, inject: undefined },
    )
    t.ok(stderr.startsWith(`pod-identity-webhook: ${message}`), stderr)
    t.equal(stderr.indexOf('\n'), stderr.length - 1)
  })
}

const FLAGS: readonly FlagDefinition[] = createProgram(ACTIONS).commands.flatMap((command) =>
  Object.values(command.groups).flatMap((group) => Object.values(group.flags)),
)

t.test('every default is a value that its flag takes', async (t) => {
  for (const definition of FLAGS) {
    const text = describeDefault(definition)
    if (text === undefined) continue
    t.strictSame(
      parseFlag(definition, [text], definition.name),
      parseFlag(definition, [], definition.name),
      definition.name,
    )
  }
})

t.test('every flag has a help sentence and one variable', async (t) => {
  for (const { name, help } of FLAGS) t.match(help, /^[A-Z].*\.$|^silent/, name)
  t.equal(nameVariable('POD_IDENTITY_WEBHOOK_', 'token-audience'), 'POD_IDENTITY_WEBHOOK_TOKEN_AUDIENCE')
  const { serve } = await run([], { env: { POD_IDENTITY_WEBHOOK_TOKEN_AUDIENCE: 'x' } })
  t.equal(serve?.settings.defaults.audience, 'x')
})

t.test('--log-level takes the levels that the logger has', async (t) => {
  t.strictSame(LOGGING_FLAGS.flags.level.values, LOG_LEVELS)
})

t.test('--help fits its terminal', async (t) => {
  for (const [columns, width] of [
    [undefined, 80],
    [100, 100],
    [500, 120],
  ] as const) {
    const { code, stdout, stderr } = await run(['--help'], columns === undefined ? {} : { columns })
    t.strictSame({ code, stderr }, { code: 0, stderr: '' })
    const flagLines = stdout.slice(0, stdout.indexOf('Examples:')).split('\n')
    t.strictSame(
      flagLines.filter((line) => line.length > width && !line.includes('(default /')),
      [],
    )
  }
})

t.test('--help lists both commands, the groups, the defaults and the rule for the environment', async (t) => {
  const { stdout } = await run(['--help'])
  for (const { name } of FLAGS.slice(0, 40)) t.match(stdout, `--${name}`)
  for (const text of [
    '\n  serve ',
    '\n  inject ',
    '\nServing:\n',
    '(default 443)',
    'klog',
    'POD_IDENTITY_WEBHOOK_',
    'Examples:',
  ]) {
    t.match(stdout, text)
  }
  t.equal(
    stdout.split('comes from the environment').length + stdout.split('come from the environment').length,
    3,
  )
})
