import fc from 'fast-check'

/** Names as the API server would take them, and some that need escaping wherever they become part of a path. */
const name = fc.oneof(
  fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/),
  fc.constantFrom('a/b', 'a~b', '~1', '~0/', 'é', '__proto__', 'constructor'),
)

const awsVariable = fc.constantFrom(
  'AWS_ROLE_ARN',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_STS_REGIONAL_ENDPOINTS',
  'AWS_PROFILE',
)

/** Members that no Kubernetes release knows, under names that no known field has. */
const unknownFields = fc.dictionary(
  fc.stringMatching(/^x[A-Za-z~/.]{0,12}$/),
  fc.jsonValue({ maxDepth: 2 }),
  { maxKeys: 3 },
)

function withUnknown(known: fc.Arbitrary<object>): fc.Arbitrary<object> {
  return fc.tuple(known, unknownFields).map(([fields, unknown]) => ({ ...unknown, ...fields }))
}

/** A member that may be there, be null, or be missing: Go clients write all three. */
function optional<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> {
  return fc.oneof({ weight: 6, arbitrary }, { weight: 1, arbitrary: fc.constantFrom(null, undefined) })
}

const env = fc.array(withUnknown(fc.record({ name: fc.oneof(awsVariable, name), value: fc.string() })), {
  maxLength: 6,
})

const mountPath = fc.constantFrom(
  '/data',
  '/',
  '/var/run/secrets/eks.amazonaws.com/serviceaccount',
  '/var/run/secrets/eks.amazonaws.com/serviceaccount/',
  '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount',
)

const volumeName = fc.oneof(name, fc.constantFrom('aws-iam-token', 'eks-pod-identity-token'))

const container = withUnknown(
  fc.record({
    name,
    image: fc.string(),
    env: optional(env),
    volumeMounts: optional(
      fc.array(withUnknown(fc.record({ name: volumeName, mountPath })), { maxLength: 3 }),
    ),
  }),
)

const nodeSelector = fc.dictionary(
  fc.constantFrom('kubernetes.io/os', 'beta.kubernetes.io/os', 'zone'),
  fc.constantFrom('windows', 'linux'),
)

/** Pods as JSON.parse gives them: 1 to 100 containers, with fields that nobody knows at every level. */
export const podArbitrary = withUnknown(
  fc.record({
    apiVersion: fc.constant('v1'),
    kind: fc.constant('Pod'),
    metadata: optional(
      withUnknown(
        fc.record({
          name: optional(name),
          labels: optional(
            fc.dictionary(fc.oneof(name, fc.constant('eks.amazonaws.com/pod-identity')), name),
          ),
          annotations: optional(fc.dictionary(name, fc.string())),
        }),
      ),
    ),
    spec: withUnknown(
      fc.record({
        serviceAccountName: fc.constant('cart'),
        nodeSelector: optional(nodeSelector),
        initContainers: optional(fc.array(container, { maxLength: 4 })),
        containers: fc.oneof(
          { weight: 20, arbitrary: fc.array(container, { minLength: 1, maxLength: 4 }) },
          { weight: 1, arbitrary: fc.array(container, { minLength: 5, maxLength: 100 }) },
        ),
        volumes: optional(fc.array(withUnknown(fc.record({ name: volumeName })), { maxLength: 3 })),
      }),
    ),
  }),
).map((pod) => JSON.parse(JSON.stringify(pod)) as PodJson)

export type PodJson = { readonly spec: { readonly containers: readonly { readonly name: string }[] } }
