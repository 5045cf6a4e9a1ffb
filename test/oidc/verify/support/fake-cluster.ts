import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { type JWK, SignJWT } from 'jose'
import { toSigningKey } from '../../../../src/oidc/documents/signing-key.ts'
import { listenOnLoopback } from '../../../support/loopback-listener.ts'

/** A pair of keys that an API server signs tokens with. */
export interface SigningPair {
  readonly jwk: JWK & { readonly kid: string; readonly alg: string }
  readonly privateKey: KeyObject
}

/** What the API server says; tests change it. */
export interface ClusterState {
  issuer: string
  /** The first one signs. */
  pairs: readonly SigningPair[]
  /** Added to the claims of tokens. */
  claims: Readonly<Record<string, unknown>>
  /** Answered in place of documents and tokens, by path. */
  readonly faults: Map<string, { readonly status: number; readonly message: string }>
}

/** An API server of three endpoints: the two documents of its issuer, and tokens. */
export interface FakeCluster {
  readonly state: ClusterState
  /** Of a user that it knows; JSON, which is YAML. */
  readonly kubeconfig: string
  /** Tokens that it gave away. */
  readonly tokens: readonly string[]
  close(): Promise<void>
}

export const CLUSTER_TOKEN = 'token-of-the-kubeconfig-user'

export function createSigningPair(kind: 'rsa' | 'ec' = 'rsa'): SigningPair {
  const { publicKey, privateKey } =
    kind === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { jwk: { ...toSigningKey(publicKey) }, privateKey }
}

export async function startCluster(
  { ca, cert, key }: { readonly ca: string; readonly cert: string; readonly key: string },
  pair: SigningPair,
): Promise<FakeCluster> {
  const state: ClusterState = { issuer: '', pairs: [pair], claims: {}, faults: new Map() }
  const tokens: string[] = []
  const answer = async (url: string, body: string): Promise<object | undefined> => {
    if (url === '/.well-known/openid-configuration') return { issuer: state.issuer }
    if (url === '/openid/v1/jwks') return { keys: state.pairs.map(({ jwk }) => jwk) }
    const [, namespace, name] =
      /^\/api\/v1\/namespaces\/([^/]+)\/serviceaccounts\/([^/]+)\/token$/.exec(url) ?? []
    if (namespace === undefined || name === undefined) return undefined
    const token = await mint(state, `system:serviceaccount:${namespace}:${name}`, JSON.parse(body))
    tokens.push(token)
    return { kind: 'TokenRequest', status: { token } }
  }
  const listener = await listenOnLoopback(
    (request, response) => {
      const send = (status: number, object: object) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(object))
      const { url = '', headers } = request
      if (headers.authorization !== `Bearer ${CLUSTER_TOKEN}`)
        return void send(401, { message: 'Unauthorized' })
      const fault = state.faults.get(url)
      if (fault !== undefined) return void send(fault.status, { message: fault.message })
      void text(request)
        .then((body) => answer(url, body))
        .then((object) => (object === undefined ? send(404, { message: 'not found' }) : send(200, object)))
    },
    { cert, key },
  )
  const named = { cluster: 'test', user: 'test' }
  const kubeconfig = JSON.stringify({
    'current-context': 'test',
    contexts: [{ name: 'test', context: named }],
    clusters: [
      {
        name: 'test',
        cluster: { server: listener.url, 'certificate-authority-data': Buffer.from(ca).toString('base64') },
      },
    ],
    users: [{ name: 'test', user: { token: CLUSTER_TOKEN } }],
  })
  return { state, kubeconfig, tokens, close: () => listener.close() }
}

interface TokenRequest {
  readonly spec: { readonly audiences: readonly string[]; readonly expirationSeconds: number }
}

async function mint(state: ClusterState, subject: string, { spec }: TokenRequest): Promise<string> {
  const [pair] = state.pairs
  if (pair === undefined) throw new Error('the cluster has no key')
  const seconds = Math.floor(Date.now() / 1000)
  const claims = {
    iss: state.issuer,
    sub: subject,
    aud: [...spec.audiences],
    iat: seconds,
    nbf: seconds,
    exp: seconds + spec.expirationSeconds,
    ...state.claims,
  }
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: pair.jwk.alg, kid: pair.jwk.kid })
    .sign(pair.privateKey)
}
