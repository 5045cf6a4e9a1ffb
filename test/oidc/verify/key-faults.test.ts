import type { JWK } from 'jose'
import t from 'tap'
import { createSigningPair } from './support/fake-cluster.ts'
import { type Fault, testFaults } from './support/fault.ts'
import { describeIssuer } from './support/healthy-world.ts'
import { DISCOVERY_PAGE, KEYS_PAGE, type Page, publish } from './support/issuer-server.ts'
import { useWorld } from './support/use-world.ts'

const world = await useWorld(t)
const { issuer, cluster } = world
const [pair] = cluster.state.pairs
if (pair === undefined) throw new Error('the cluster has no key')
const publicKey: JWK = pair.jwk
const privateKey = pair.privateKey.export({ format: 'jwk' })
const other = createSigningPair()
const elliptic = createSigningPair('ec')

const TOKEN_PATH = '/api/v1/namespaces/shop/serviceaccounts/app/token'

const publishDiscovery = (changes: Readonly<Record<string, unknown>>) =>
  publish(issuer, DISCOVERY_PAGE, describeIssuer(issuer.url, changes))
const publishKeys = (...keys: readonly unknown[]) => publish(issuer, KEYS_PAGE, { keys })
const setPage = (path: string, page: Page) => issuer.pages.set(path, page)

testFaults(t, world, [
  {
    name: 'the discovery document names no keys',
    make: () => publishDiscovery({ jwks_uri: undefined }),
    id: 'keys-published',
    message: /no jwks_uri/,
    hint: /oidc publish/,
  },
  {
    name: 'the keys are served over plain HTTP',
    make: () => publishDiscovery({ jwks_uri: 'http://oidc.test/keys.json' }),
    id: 'keys-published',
    message: /^"http:\/\/oidc\.test\/keys\.json" is no https URL$/,
    hint: /HTTPS alone/,
  },
  {
    name: 'the keys are at a URL that would clear the screen',
    make: () => publishDiscovery({ jwks_uri: `${issuer.url}/\u001b[2J` }),
    id: 'keys-published',
    message: /\/cluster\/%1B\[2J: it answers HTTP 404/,
    hint: /oidc publish/,
  },
  {
    name: 'the keys are not public',
    make: () => setPage(KEYS_PAGE, { status: 403, body: '' }),
    id: 'keys-published',
    message: /keys\.json: it answers HTTP 403/,
    hint: /let everyone read it/,
  },
  {
    name: 'the keys are elsewhere',
    make: () => setPage(KEYS_PAGE, { status: 302, headers: { location: 'https://oidc.test/' }, body: '' }),
    id: 'keys-published',
    message: /redirects to "https:\/\/oidc\.test\/"/,
    hint: /no redirects/,
  },
  {
    name: 'no keys are published',
    make: () => publishKeys(),
    id: 'keys-published',
    message: /lists no keys/,
    hint: /oidc publish/,
  },
  {
    name: 'the key that the cluster signs with is not published',
    make: () => Object.assign(cluster.state, { pairs: [other, pair] }),
    id: 'keys-published',
    message: new RegExp(`not published, kid "${other.jwk.kid}"$`),
    hint: /oidc publish --from-cluster/,
  },
  {
    name: "another key is published with the cluster's kid",
    make: () => publishKeys({ ...other.jwk, kid: publicKey.kid }),
    id: 'keys-published',
    message: /is another key than the cluster's/,
    hint: /oidc publish/,
  },
  {
    name: "two keys are published with the cluster's kid",
    make: () => publishKeys(publicKey, { ...other.jwk, kid: publicKey.kid }),
    id: 'keys-published',
    message: /is another key than the cluster's/,
    hint: /oidc publish/,
  },
  {
    name: 'the published key is cut off',
    make: () => publishKeys({ kty: 'RSA', kid: publicKey.kid, n: publicKey.n }),
    id: 'keys-published',
    message: /is no public key/,
    hint: /oidc publish/,
  },
  {
    name: 'the published key is for another algorithm',
    make: () => publishKeys({ ...publicKey, alg: 'RS512' }),
    id: 'keys-published',
    message: /is for "RS512", and the cluster signs with "RS256"/,
    hint: /oidc publish/,
  },
  {
    name: 'the discovery document lacks the algorithm',
    make: () => {
      Object.assign(cluster.state, { pairs: [elliptic] })
      publishKeys(elliptic.jwk)
    },
    id: 'keys-published',
    message: /signs with "ES256", which id_token_signing_alg_values_supported/,
    hint: /oidc publish/,
  },
  {
    name: 'a private key is published',
    make: () => publishKeys({ ...publicKey, ...privateKey }),
    id: 'keys-published',
    message: /^A PRIVATE KEY IS PUBLISHED: .* has the members d, p, q, dp, dq, qi,/,
    hint: /take it down now/,
  },
  {
    name: 'the cluster does not tell its keys',
    make: () => cluster.state.faults.set('/openid/v1/jwks', { status: 403, message: 'forbidden' }),
    id: 'keys-published',
    message: /GET \/openid\/v1\/jwks: the API server answered 403/,
    hint: /may get \/openid\/v1\/jwks/,
  },
  {
    name: 'there is no such ServiceAccount',
    make: () =>
      cluster.state.faults.set(TOKEN_PATH, { status: 404, message: 'serviceaccounts "app" not found' }),
    id: 'token-verifies',
    message: /serviceaccounts "app" not found/,
    hint: /kubectl create serviceaccount -n shop app/,
  },
  {
    name: 'tokens may not be made',
    make: () => cluster.state.faults.set(TOKEN_PATH, { status: 403, message: 'forbidden' }),
    id: 'token-verifies',
    message: /403: forbidden/,
    hint: /create serviceaccounts\/token in the namespace shop/,
  },
  ...[
    ['iss', 'https://old.test', /iss is "https:\/\/old\.test", not/, /first --service-account-issuer/],
    ['aud', ['other'], /aud is "other", not "sts\.amazonaws\.com"/, /audience that is asked for/],
    ['sub', 'system:serviceaccount:shop:other', /sub is "system:serviceaccount:shop:other"/, /(?:)/],
    ['exp', 1_000_000_000, /has expired already/, /clocks/],
    ['nbf', 4_000_000_000, /not valid yet/, /clocks/],
  ].map(
    ([claim, value, message, hint]): Fault => ({
      name: `the claim ${String(claim)} of tokens is wrong`,
      make: () => Object.assign(cluster.state, { claims: { [String(claim)]: value } }),
      id: 'token-verifies',
      message: message as RegExp,
      hint: hint as RegExp,
    }),
  ),
  {
    name: 'the cluster signs with a key that it does not list',
    make: () => Object.assign(cluster.state, { pairs: [{ jwk: publicKey, privateKey: other.privateKey }] }),
    id: 'token-verifies',
    message: /signature does not fit/,
    hint: /same keys/,
  },
])
