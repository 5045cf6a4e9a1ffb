import type { PodCase } from './api-pod-arbitrary.ts'

const IMAGE = 'registry.test.invalid/app:1'
const TOKEN_PATH = '/var/run/secrets/eks.amazonaws.com/serviceaccount'
const ROLE = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/a' }

function variables(values: Readonly<Record<string, string>>) {
  return Object.entries(values).map(([name, value]) => ({ name, value }))
}

function golden(
  spec: PodCase['pod']['spec'],
  {
    account = {},
    annotations = {},
  }: {
    readonly account?: PodCase['accountAnnotations']
    readonly annotations?: PodCase['accountAnnotations']
  } = {},
): PodCase {
  return { accountAnnotations: { ...ROLE, ...account }, pod: { metadata: { annotations }, spec } }
}

const BARE = { containers: [{ name: 'app', image: IMAGE }] }
const BY_HAND = { AWS_ROLE_ARN: 'x', AWS_WEB_IDENTITY_TOKEN_FILE: `${TOKEN_PATH}/token` }
const NEED_WINDOWS = { matchExpressions: [{ key: 'kubernetes.io/os', operator: 'In', values: ['windows'] }] }

function requireNodes(...nodeSelectorTerms: readonly object[]) {
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } }
}

/** Pods as people write them, and those on which injectors have stumbled. */
export const GOLDEN_PODS: readonly PodCase[] = [
  golden(BARE),
  golden(BARE, {
    account: { 'eks.amazonaws.com/sts-regional-endpoints': 'true', 'eks.amazonaws.com/audience': '' },
  }),
  golden(BARE, {
    account: { 'eks.amazonaws.com/token-expiration': '1000' },
    annotations: { 'eks.amazonaws.com/token-expiration': '599' },
  }),
  // An init container, a native sidecar, and one that is skipped by a quoted name.
  golden(
    {
      initContainers: [
        { name: 'setup', image: IMAGE },
        { name: 'proxy', image: IMAGE, restartPolicy: 'Always' },
      ],
      containers: [
        { name: 'app', image: IMAGE },
        { name: 'log', image: IMAGE },
      ],
    },
    { annotations: { 'eks.amazonaws.com/skip-containers': ' "log" , none' } },
  ),
  // Variables by hand: both, all that there are, one.
  golden({
    containers: [
      { name: 'a', image: IMAGE, env: variables(BY_HAND) },
      {
        name: 'b',
        image: IMAGE,
        env: variables({ ...BY_HAND, AWS_REGION: 'eu-central-1', AWS_STS_REGIONAL_ENDPOINTS: 'regional' }),
      },
      { name: 'c', image: IMAGE, env: variables({ AWS_ROLE_ARN: 'x' }) },
    ],
  }),
  // The token's place is taken, by another volume and by a volume of its name elsewhere.
  golden({
    volumes: [{ name: 'data', emptyDir: {} }],
    containers: [
      { name: 'app', image: IMAGE, volumeMounts: [{ name: 'data', mountPath: `${TOKEN_PATH}/` }] },
    ],
  }),
  golden({
    volumes: [{ name: 'aws-iam-token', emptyDir: {} }],
    containers: [
      { name: 'app', image: IMAGE, volumeMounts: [{ name: 'aws-iam-token', mountPath: '/other' }] },
    ],
  }),
  golden({ ...BARE, os: { name: 'windows' } }),
  golden({ ...BARE, nodeSelector: { 'kubernetes.io/os': 'windows' } }),
  golden({ ...BARE, affinity: requireNodes(NEED_WINDOWS, NEED_WINDOWS) }),
  golden({ ...BARE, affinity: requireNodes(NEED_WINDOWS, { matchFields: [] }) }),
  golden({ containers: Array.from({ length: 100 }, (_, index) => ({ name: `c${index}`, image: IMAGE })) }),
]
