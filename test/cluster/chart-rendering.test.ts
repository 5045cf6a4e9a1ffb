import { spawnSync } from 'node:child_process'
import t from 'tap'
import { fitAnnotationPolicy } from '../../scripts/cluster/annotation-policy-flags.ts'
import { keyOf, type Manifest } from '../../scripts/cluster/manifest.ts'
import { listComponents } from '../../scripts/cluster/rendered-manifests.ts'
import { buildAnnotationPolicy } from '../../src/webhook/annotation-policy/annotation-policy.ts'
import { EVERYTHING, valuesOf } from '../support/chart-values.ts'
import { hasGo } from '../support/go-build.ts'
import { type ChartValues, openHelm } from '../support/helm.ts'

const BUILD_TIMEOUT_MS = 900_000
const CA_BUNDLE = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'
const SECRET_VALUES = { certificates: { mode: 'secret', secretName: 'serving', caBundle: CA_BUNDLE } }

t.setTimeout(BUILD_TIMEOUT_MS)
if (!hasGo()) t.plan(0, 'Go, which builds helm, is not installed')
else {
  const helm = await openHelm(t.testdir(), (line) => t.comment(line))
  const components = await listComponents()
  const sets: Readonly<Record<string, ChartValues>> = {
    defaults: {},
    'cert-manager': valuesOf('cert-manager', components),
    'a Secret of your own': SECRET_VALUES,
    everything: EVERYTHING,
  }

  for (const [name, values] of Object.entries(sets)) {
    t.test(`helm lint has nothing against ${name}`, async (t) => {
      const { exitCode, stdout, stderr } = await helm.runWithChart(['lint', '--strict'], values)
      t.equal(exitCode, 0, stdout)
      t.notMatch(stdout + stderr, /WARNING|ERROR/)
    })

    t.test(`${name}: all of it is in the release's namespace, and the same each time`, async (t) => {
      const manifests = await helm.render(values, 'aws-identities')
      t.strictSame(await helm.render(values, 'aws-identities'), manifests)
      t.notMatch(JSON.stringify(manifests), /"eks"|\beks\/|\.eks\b|"default"/)
      for (const { kind, metadata } of manifests) {
        const isOfCluster = /^(Cluster|Mutating|Validating)/.test(kind)
        t.equal(metadata.namespace, isOfCluster ? undefined : 'aws-identities', `${kind} ${metadata.name}`)
      }
    })

    t.test(`${name}: the program has every flag`, async (t) => {
      for (const args of listArgs(await helm.render(values))) {
        const flags = args.map((arg) => arg.replace(/\$\((?:POD_)?NAMESPACE\)/, 'eks'))
        const program = args[0] === 'pull-secrets' ? 'ecr-credential-provider' : 'pod-identity-webhook'
        const command = [`src/bin/${program}.ts`, ...flags, '--help']
        const { status, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' })
        t.equal(status, 0, stderr)
      }
    })
  }

  t.test('what is filled in later is in no template', async (t) => {
    for (const values of [{}, valuesOf('cert-manager', components), EVERYTHING]) {
      const manifests = await helm.render(values)
      t.notMatch(JSON.stringify(manifests), /"caBundle"/)
      t.notOk(manifests.some((manifest) => manifest.kind === 'Secret' && 'data' in manifest))
    }
  })

  t.test('with another name, flags and permissions say so too', async (t) => {
    const manifests = await helm.render(EVERYTHING)
    for (const { kind, metadata } of manifests) {
      const isRoleMapping = kind === 'ConfigMap' && metadata.name === 'pod-identity-webhook'
      if (!isRoleMapping) t.match(metadata.name, /^aws-ids/, kind)
    }
    const [args] = listArgs(manifests)
    for (const flag of ['service-name', 'tls-secret', 'webhook-configuration']) {
      t.ok(args?.includes(`--${flag}=aws-ids`), flag)
    }
    const rules = manifests
      .filter(({ metadata }) => !/-(?:audit|ecr-pull-secrets)$/.test(metadata.name))
      .flatMap(({ rules }) => (rules ?? []) as { resources: string[]; resourceNames: string[] }[])
    const nameOf = (resource: string) =>
      rules.find(({ resources }) => resources?.includes(resource))?.resourceNames
    t.strictSame(nameOf('secrets'), ['aws-ids'])
    t.strictSame(nameOf('mutatingwebhookconfigurations'), ['aws-ids'])
    t.strictSame(nameOf('configmaps'), [
      // The program knows it by this name alone.
      'pod-identity-webhook',
      'aws-ids-container-credentials',
    ])
    const policies = manifests.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy')
    const bindings = manifests.filter(({ kind }) => kind === 'ValidatingAdmissionPolicyBinding')
    t.strictSame(
      new Set(bindings.map(({ spec }) => (spec as { policyName: string }).policyName)),
      new Set(policies.map(({ metadata }) => metadata.name)),
    )
  })

  t.test('the policy for annotations goes by the flags of the webhook', async (t) => {
    const cases = [
      { extraArgs: [], prefix: 'eks.amazonaws.com', composes: false },
      { extraArgs: ['--compose-role-arn'], prefix: 'eks.amazonaws.com', composes: true },
      {
        extraArgs: ['-compose_role_arn=T', '--annotation-prefix=a.example'],
        prefix: 'a.example',
        composes: true,
      },
      {
        extraArgs: ['--compose-role-arn', '--compose-role-arn=false'],
        prefix: 'eks.amazonaws.com',
        composes: false,
      },
    ]
    for (const { extraArgs, prefix, composes } of cases) {
      const manifests = await helm.render({ extraArgs })
      const policy = manifests.find(({ kind }) => kind === 'ValidatingAdmissionPolicy')
      const [expected] = buildAnnotationPolicy({ prefix, composesRoleArns: composes }, 'Warn')
      t.strictSame(policy?.['spec'], expected.spec, extraArgs.join(' '))
      t.strictSame(
        fitAnnotationPolicy(policy as Manifest, extraArgs)['spec'],
        expected.spec,
        'as cluster-up has it',
      )
    }
    const [binding] = (await helm.render({ annotationPolicy: { action: 'Deny' } })).filter(
      ({ kind }) => kind === 'ValidatingAdmissionPolicyBinding',
    )
    t.match(binding, { spec: { validationActions: ['Deny', 'Audit'] } })
    const without = await helm.render({ annotationPolicy: { enabled: false } })
    t.notOk(without.some(({ kind }) => kind.startsWith('ValidatingAdmissionPolicy')))
  })

  t.test('values end up where they belong', async (t) => {
    const manifests = await helm.render(EVERYTHING)
    const find = (key: string) => manifests.find((manifest) => keyOf(manifest) === key)
    t.match(find('Deployment/eks/aws-ids'), {
      spec: {
        replicas: 3,
        strategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
        template: {
          metadata: {
            labels: { team: 'a', 'app.kubernetes.io/name': 'pod-identity-webhook' },
            annotations: { 'example.com/note': 'with: colon, "quotes" and {{ braces }}' },
          },
          spec: {
            hostNetwork: true,
            dnsPolicy: 'ClusterFirstWithHostNet',
            imagePullSecrets: [{ name: 'registry' }],
            nodeSelector: { 'kubernetes.io/os': 'linux', 'node-role.kubernetes.io/control-plane': '' },
            topologySpreadConstraints: [{ maxSkew: 2, labelSelector: { matchLabels: { team: 'a' } } }],
            containers: [
              {
                image: `registry.test.invalid:5000/team/webhook@sha256:${'0a'.repeat(32)}`,
                imagePullPolicy: 'IfNotPresent',
                env: [{ name: 'NAMESPACE' }, { name: 'HTTPS_PROXY' }],
                ports: [
                  { name: 'https', containerPort: 18443 },
                  { name: 'metrics', containerPort: 19999 },
                ],
              },
            ],
          },
        },
      },
    })
    t.match(find('Deployment/eks/aws-ids')?.metadata, { annotations: { 'example.com/reload': 'true' } })
    t.match(find('Service/eks/aws-ids'), {
      metadata: {
        annotations: { 'example.com/note': 'a' },
        labels: { team: 'a', 'helm.sh/chart': /^pod-identity-webhook-/ },
      },
      spec: { ports: [{ port: 443, targetPort: 'https' }] },
    })
    t.match(find('ServiceMonitor/eks/aws-ids'), {
      spec: { endpoints: [{ port: 'metrics', interval: '1m', scrapeTimeout: '20s' }] },
    })
    const [args = []] = listArgs(manifests)
    t.ok(args.includes('--port=18443') && args.includes('--metrics-port=19999'))
    t.equal(args.at(-1), '--token-audience=two words: "x"')
    const { webhooks } = find('MutatingWebhookConfiguration//aws-ids') as unknown as {
      webhooks: {
        failurePolicy: string
        timeoutSeconds: number
        namespaceSelector: object
        objectSelector: object
      }[]
    }
    t.equal(webhooks.length, 3)
    for (const entry of webhooks) {
      t.match(entry, { failurePolicy: 'Fail', timeoutSeconds: 15 })
      t.match(entry.objectSelector, { matchLabels: { 'example.com/aws': 'yes' } })
      t.match(JSON.stringify(entry.namespaceSelector), /kube-node-lease/)
      t.match(JSON.stringify(entry.objectSelector), /skip-pod-identity-webhook/)
    }
    const data = (name: string) =>
      find(`ConfigMap/eks/${name}`)?.['data'] as Record<string, string | undefined>
    t.match(JSON.parse(data('pod-identity-webhook')['config'] ?? ''), {
      'shop/cart': { RoleARN: 'arn:aws:iam::111122223333:role/cart', TokenExpiration: 3600 },
    })
    t.strictSame(JSON.parse(data('aws-ids-container-credentials')['config.json'] ?? ''), {
      identities: [{ namespace: 'shop', serviceAccount: 'cart' }],
    })
    t.strictSame(data('aws-ids-oidc-sync'), {
      POD_IDENTITY_WEBHOOK_BUCKET: 'example-issuers',
      POD_IDENTITY_WEBHOOK_PREFIX: 'prod',
      AWS_REGION: 'eu-central-1',
    })
  })

  t.test('cert-manager can sign with an issuer that is there already', async (t) => {
    const certManager = {
      issuerRef: { name: 'corporate', kind: 'ClusterIssuer' },
      duration: '720h',
      renewBefore: '240h',
    }
    const manifests = await helm.render({ certificates: { mode: 'cert-manager', certManager } })
    const ofCertManager = manifests.filter(({ apiVersion }) => apiVersion === 'cert-manager.io/v1')
    t.match(ofCertManager, [
      {
        kind: 'Certificate',
        metadata: { name: 'pod-identity-webhook' },
        spec: {
          issuerRef: { name: 'corporate', kind: 'ClusterIssuer' },
          duration: '720h',
          renewBefore: '240h',
        },
      },
    ])
    t.equal(ofCertManager.length, 1, 'no CA of its own')
  })

  t.test("with a Secret of one's own, API servers are told whom to trust", async (t) => {
    const manifests = await helm.render(SECRET_VALUES)
    const caBundle = Buffer.from(CA_BUNDLE).toString('base64')
    const configuration = manifests.find(({ kind }) => kind === 'MutatingWebhookConfiguration')
    t.match(configuration, { webhooks: [{ clientConfig: { caBundle } }] })
    t.match(
      manifests.find(({ kind }) => kind === 'Deployment'),
      { spec: { template: { spec: { volumes: [{ secret: { secretName: 'serving' } }] } } } },
    )
    t.notOk(manifests.some(({ kind }) => kind === 'Secret' || kind === 'Certificate'))
  })

  t.test('a packaged chart is the same chart', async (t) => {
    const folder = t.testdir()
    const { stdout } = await helm.run(['package', 'deploy/chart', `--destination=${folder}`])
    const archive = stdout.trim().split(' ').at(-1) ?? ''
    const { stdout: rendered } = await helm.run([
      'template',
      'x',
      archive,
      '--set=monitoring.dashboard.enabled=true',
    ])
    const direct = await helm.run([
      'template',
      'x',
      'deploy/chart',
      '--set=monitoring.dashboard.enabled=true',
    ])
    t.equal(rendered, direct.stdout)
    t.match(rendered, 'Pod identity webhook')
  })
}

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] }
    }
  }
}

function listArgs(manifests: readonly Manifest[]): readonly (readonly string[])[] {
  const deployments = manifests.filter(
    ({ kind }) => kind === 'Deployment',
  ) as unknown as readonly Deployment[]
  return deployments.map(({ spec }) => spec.template.spec.containers[0]?.args ?? [])
}
