import type { CertificateMode } from '../../scripts/cluster/cluster-options.ts'
import type { ChartValues } from './helm.ts'

/** The values that switch on what each kustomize component has. */
const COMPONENT_VALUES: Readonly<Record<string, ChartValues>> = {
  required: { required: { enabled: true } },
  'verify-credentials': { verifyCredentials: { enabled: true } },
  monitoring: {
    monitoring: {
      serviceMonitor: { enabled: true },
      rules: { enabled: true },
      dashboard: { enabled: true },
    },
  },
  'container-credentials': { containerCredentials: { enabled: true } },
  'oidc-sync': { oidcSync: { enabled: true } },
  audit: { audit: { enabled: true } },
  'ecr-pull-secrets': { ecrPullSecrets: { enabled: true } },
  policy: { policy: { enabled: true } },
  'debug-containers': { debugContainers: { enabled: true } },
}

/** The values for deploy/overlays/policy-only. */
export const POLICY_ONLY: ChartValues = { webhook: { enabled: false }, policy: { enabled: true } }

/** The values for what kustomize makes of an overlay and components. Throws for a component that the chart lacks. */
export function valuesOf(mode: CertificateMode, components: readonly string[]): ChartValues {
  const chosen = components.map((name) => {
    const values = COMPONENT_VALUES[name]
    if (values === undefined) throw new Error(`the chart has no values for the component ${name}`)
    return values
  })
  return Object.assign({ certificates: { mode }, image: { tag: 'latest' } }, ...chosen)
}

/** Everything switched on, and whatever takes a value given an odd one. */
export const EVERYTHING: ChartValues = {
  fullnameOverride: 'aws-ids',
  image: {
    repository: 'registry.test.invalid:5000/team/webhook',
    tag: 'not-used',
    digest: `sha256:${'0a'.repeat(32)}`,
    pullPolicy: 'IfNotPresent',
    pullSecrets: [{ name: 'registry' }],
  },
  replicas: 3,
  resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } },
  nodeSelector: { 'node-role.kubernetes.io/control-plane': '' },
  tolerations: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' }],
  affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
  topologySpreadConstraints: [
    {
      maxSkew: 2,
      topologyKey: 'example.com/rack',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { team: 'a' } },
    },
  ],
  hostNetwork: true,
  ports: { https: 18443, metrics: 19999 },
  annotations: { 'example.com/reload': 'true' },
  podLabels: { team: 'a', 'app.kubernetes.io/name': 'not-mine' },
  podAnnotations: { 'example.com/note': 'with: colon, "quotes" and {{ braces }}' },
  serviceAccount: { annotations: { 'example.com/owner': 'team-a' } },
  service: { annotations: { 'example.com/note': 'a' }, labels: { team: 'a', 'helm.sh/chart': 'not-mine' } },
  extraArgs: ['--aws-default-region=eu-central-1', '--token-audience=two words: "x"'],
  extraEnv: [{ name: 'HTTPS_PROXY', value: 'http://proxy.test.invalid:3128' }],
  webhook: {
    failurePolicy: 'Fail',
    timeoutSeconds: 15,
    namespaceSelector: {
      matchExpressions: [
        { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-node-lease'] },
      ],
    },
    objectSelector: { matchLabels: { 'example.com/aws': 'yes' } },
    annotations: { 'example.com/owner': 'team-a' },
  },
  required: { enabled: true },
  verifyCredentials: { enabled: true },
  annotationPolicy: { action: 'Deny' },
  monitoring: {
    serviceMonitor: {
      enabled: true,
      interval: '1m',
      labels: { release: 'prometheus' },
      endpoint: { scrapeTimeout: '20s', port: 'not-mine' },
    },
    rules: { enabled: true, labels: { release: 'prometheus' } },
    dashboard: { enabled: true, labels: { dashboards: 'yes' } },
  },
  containerCredentials: {
    enabled: true,
    identities: [{ namespace: 'shop', serviceAccount: 'cart' }],
  },
  configMap: {
    roles: {
      'shop/cart': { RoleARN: 'arn:aws:iam::111122223333:role/cart', TokenExpiration: 3600 },
      '*/reports': { RoleARN: 'arn:aws:iam::111122223333:role/reports', UseRegionalSTS: true },
    },
  },
  oidcSync: {
    enabled: true,
    bucket: 'example-issuers',
    prefix: 'prod',
    region: 'eu-central-1',
    extraArgs: ['--retire-after=48h'],
    serviceAccount: {
      annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/oidc-sync' },
    },
  },
  audit: { enabled: true, schedule: '0 6 * * *', extraArgs: ['--aws'] },
  ecrPullSecrets: {
    enabled: true,
    registries: ['111122223333.dkr.ecr.eu-central-1.amazonaws.com', 'public.ecr.aws'],
    namespaces: ['shop-*'],
    region: 'eu-central-1',
    extraArgs: ['--log-level=debug'],
    serviceAccount: {
      annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/puller' },
    },
  },
  podDisruptionBudget: { maxUnavailable: '50%' },
}
