import { createPublicKey, verify, type webcrypto } from 'node:crypto'
import type { V1Pod } from '@kubernetes/client-node'
import t from 'tap'
import { useCluster } from './support/cluster.ts'
import { ISSUER } from './support/control-plane.ts'
import {
  CONTAINER_CREDENTIALS,
  findTokenSource,
  type Method,
  WEB_IDENTITY,
} from './support/pod-credentials.ts'
import { useWebhook } from './support/webhook-fixture.ts'
import { describePod, registerWebhook, roleArn } from './support/webhook-registration.ts'

interface Claims {
  readonly iss: string
  readonly aud: readonly string[]
  readonly sub: string
  readonly iat: number
  readonly exp: number
  readonly 'kubernetes.io': {
    readonly namespace: string
    readonly pod: { readonly name: string; readonly uid: string }
  }
}

const NAMESPACE = 'injected-token'

const cluster = await useCluster(t)
const webhook = await useWebhook(t, cluster, {
  namespace: NAMESPACE,
  containerCredentials: [`${NAMESPACE}/pod-identity`],
})
await webhook.waitUntilReady()
await registerWebhook(cluster, webhook, { namespace: NAMESPACE, failurePolicy: 'Fail' })

const CASES: readonly {
  readonly account: string
  readonly method: Method
  readonly accountAnnotations: Readonly<Record<string, string>>
  readonly podAnnotations: Readonly<Record<string, string>>
  readonly audience: string
  /** From, to. */
  readonly lifetimeSeconds: readonly [number, number]
}[] = [
  {
    account: 'defaults',
    method: WEB_IDENTITY,
    accountAnnotations: { 'role-arn': roleArn('defaults') },
    podAnnotations: {},
    audience: 'sts.amazonaws.com',
    lifetimeSeconds: [86_400, 86_400],
  },
  {
    account: 'annotated',
    method: WEB_IDENTITY,
    accountAnnotations: {
      'role-arn': roleArn('annotated'),
      audience: 'sts.example.com',
      'token-expiration': '7200',
    },
    podAnnotations: {},
    audience: 'sts.example.com',
    lifetimeSeconds: [7200, 7200],
  },
  {
    account: 'hurried',
    method: WEB_IDENTITY,
    accountAnnotations: { 'role-arn': roleArn('hurried'), 'token-expiration': '7200' },
    podAnnotations: { 'token-expiration': '60' },
    audience: 'sts.amazonaws.com',
    lifetimeSeconds: [600, 600],
  },
  {
    account: 'pod-identity',
    method: CONTAINER_CREDENTIALS,
    accountAnnotations: {},
    podAnnotations: {},
    audience: 'pods.eks.amazonaws.com',
    lifetimeSeconds: [79_200, 86_400],
  },
]

for (const { account, method, accountAnnotations, podAnnotations, audience, lifetimeSeconds } of CASES) {
  t.test(`the token that the pod of ${account} asks for`, async (t) => {
    const accounts = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`
    await cluster.client.create(accounts, {
      metadata: { name: account, annotations: withPrefix(accountAnnotations) },
    })
    const pod = describePod(account, account)
    const created = await cluster.client.create<V1Pod>(`/api/v1/namespaces/${NAMESPACE}/pods`, {
      ...pod,
      metadata: { ...pod.metadata, annotations: withPrefix(podAnnotations) },
    })
    const source = findTokenSource(created, method)
    if (source === undefined) throw new Error('the pod has no token volume')

    const { status } = await cluster.client.create<{ status: { token: string } }>(
      `${accounts}/${account}/token`,
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          audiences: [source.audience],
          expirationSeconds: source.expirationSeconds,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: account, uid: created.metadata?.uid },
        },
      },
    )

    const claims = await verifyToken(status.token)
    const [leastSeconds, mostSeconds] = lifetimeSeconds
    t.strictSame(claims.aud, [audience])
    t.ok(
      claims.exp - claims.iat >= leastSeconds && claims.exp - claims.iat <= mostSeconds,
      `lives ${claims.exp - claims.iat} s`,
    )
    t.equal(claims.exp - claims.iat, source.expirationSeconds)
    t.equal(claims.iss, ISSUER)
    t.equal(claims.sub, `system:serviceaccount:${NAMESPACE}:${account}`)
    t.strictSame(claims['kubernetes.io'].pod, { name: account, uid: created.metadata?.uid })
  })
}

/** The token's claims, once its signature is checked against the keys that the API server publishes, as STS would. */
async function verifyToken(token: string): Promise<Claims> {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const { kid } = decode<{ kid: string }>(header)
  const { keys } = await cluster.client.get<{ keys: (webcrypto.JsonWebKey & { kid: string })[] }>(
    '/openid/v1/jwks',
  )
  const jwk = keys.find((key) => key.kid === kid)
  if (jwk === undefined) throw new Error(`the API server publishes no key ${kid}`)
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  const signed = Buffer.from(`${header}.${payload}`)
  const isGenuine = verify(
    'sha256',
    signed,
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  )
  if (!isGenuine) throw new Error('the signature does not match')
  return decode<Claims>(payload)
}

function decode<T>(part: string): T {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as T
}

function withPrefix(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => [`eks.amazonaws.com/${key}`, value]),
  )
}
