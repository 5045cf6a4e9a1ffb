import fc from 'fast-check'
import { SIZE_LIMIT } from '../../src/webhook/policy/size-limit.ts'
import { ODD_ANNOTATIONS, ODD_VALUE } from './odd-annotations.ts'

/** A ServiceAccount's annotations, and a pod that runs as it. */
export interface PodCase {
  readonly accountAnnotations: Readonly<Record<string, string>>
  readonly pod: {
    readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
    readonly spec: Readonly<Record<string, unknown>>
  }
}

const CONTAINER_NAMES = ['app', 'worker', 'a', 'b-1', '0'] as const
const TOKEN_PATH = '/var/run/secrets/eks.amazonaws.com/serviceaccount'

const variable = fc.record({
  name: fc.constantFrom(
    ...['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_REGION', 'AWS_DEFAULT_REGION'],
    ...['AWS_STS_REGIONAL_ENDPOINTS', 'AWS_PROFILE', 'aws_region', 'PATH'],
  ),
  value: fc.constantFrom('', 'x', `${TOKEN_PATH}/token`, '$(AWS_ROLE_ARN)'),
})

const mount = fc.record({
  name: fc.constantFrom('data', 'aws-iam-token'),
  mountPath: fc.constantFrom('/data', '/data/', TOKEN_PATH, `${TOKEN_PATH}/`, `${TOKEN_PATH}//`),
})

const container = (name: string) =>
  fc.record(
    {
      name: fc.constant(name),
      image: fc.constant('registry.test.invalid/app:1'),
      env: fc.array(variable, { maxLength: 5 }),
      volumeMounts: fc.uniqueArray(mount, { maxLength: 2, selector: ({ mountPath }) => mountPath }),
    },
    { requiredKeys: ['name', 'image'] },
  )

const TOKEN_SOURCE = { serviceAccountToken: { path: 'token', audience: 'other', expirationSeconds: 7200 } }

const DATA = { name: 'data', emptyDir: {} }
const OWN_TOKEN = { name: 'aws-iam-token', projected: { sources: [TOKEN_SOURCE] } }
const FOREIGN = { name: 'aws-iam-token', emptyDir: {} }

/** Mostly those that the mounts above need. */
const volumes = fc.constantFrom([DATA], [DATA, OWN_TOKEN], [FOREIGN, DATA], [OWN_TOKEN, DATA], [])

const os = fc.constantFrom('windows', 'linux')
const osLabel = fc.constantFrom('kubernetes.io/os', 'beta.kubernetes.io/os', 'zone')
const term = fc.record({
  matchExpressions: fc.array(
    fc.record({
      key: osLabel,
      operator: fc.constantFrom('In', 'NotIn'),
      values: fc.array(os, { minLength: 1, maxLength: 2 }),
    }),
    { maxLength: 2 },
  ),
})
const affinity = fc.array(term, { minLength: 1, maxLength: 2 }).map((nodeSelectorTerms) => ({
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
}))

/** Lists of names by CSV's rules and against them, with every kind of space and line end. */
const skipContainers = fc
  .array(
    fc.oneof(
      fc.constantFrom(...CONTAINER_NAMES, ...CONTAINER_NAMES),
      fc.constantFrom(
        '"',
        '""',
        ',',
        ',',
        ' ',
        '\n',
        '\r\n',
        '\t',
        '\u00a0',
        '\ufeff',
        '\u0085',
        'x',
        '"app"',
        ' "a" ',
      ),
    ),
    { maxLength: 8 },
  )
  .map((pieces) => pieces.join(''))

/** What a policy looks at: it leaves pods with a longer list alone. */
function isShort(text: string): boolean {
  return text.length <= SIZE_LIMIT.skipCharacters
}

const podAnnotations = fc
  .record(
    {
      'eks.amazonaws.com/skip-containers': fc.oneof(skipContainers, ODD_VALUE).filter(isShort),
      other: fc.constant('x'),
    },
    { requiredKeys: [] },
  )
  .chain((annotations) =>
    ODD_ANNOTATIONS.map(({ 'eks.amazonaws.com/skip-containers': _, ...odd }) => ({ ...odd, ...annotations })),
  )

const spec = fc
  .tuple(fc.shuffledSubarray([...CONTAINER_NAMES], { minLength: 1 }), fc.nat(2))
  .chain(([names, initCount]) =>
    fc.record(
      {
        containers: fc.tuple(...names.slice(Math.min(initCount, names.length - 1)).map(container)),
        initContainers: fc.tuple(...names.slice(0, Math.min(initCount, names.length - 1)).map(container)),
        volumes,
        os: fc.record({ name: os }),
        nodeSelector: fc.dictionary(osLabel, os),
        affinity,
      },
      { requiredKeys: ['containers', 'volumes'] },
    ),
  )

const role = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('arn:aws:iam::111122223333:role/a', 'not an arn') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      '😀'.repeat(4_096),
      '😀'.repeat(4_097),
      'x'.repeat(4_096),
      'x'.repeat(4_097),
    ),
  },
)

const accountAnnotations = fc
  .tuple(ODD_ANNOTATIONS, fc.record({ 'eks.amazonaws.com/role-arn': role }, { requiredKeys: [] }))
  .map(([odd, annotated]) => ({ ...odd, ...annotated }))

/** Pods of which the API server takes most, with everything that the webhook looks at, and odd values of annotations. */
export const podCaseArbitrary: fc.Arbitrary<PodCase> = fc.record({
  accountAnnotations,
  pod: fc.record({
    metadata: fc.record({ annotations: podAnnotations }, { requiredKeys: [] }),
    spec,
  }),
})
