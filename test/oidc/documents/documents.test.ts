import t from 'tap'
import { parseIssuer } from '../../../src/iam/issuer-url.ts'
import { renderDiscoveryDocument } from '../../../src/oidc/documents/discovery-document.ts'
import { parseKeySet, renderKeySet } from '../../../src/oidc/documents/key-set.ts'
import { addEmptyKids, type SigningKey } from '../../../src/oidc/documents/signing-key.ts'
import { EC, OTHER_RSA, RSA, vectorOf } from '../support/signing-keys.ts'

function discover(issuer: string, keys: readonly SigningKey[]): unknown {
  return JSON.parse(renderDiscoveryDocument(parseIssuer(issuer), keys))
}

t.test('the discovery document has its members in their order', async (t) => {
  const text = renderDiscoveryDocument(parseIssuer('https://oidc.example.com/prod'), [RSA])
  t.equal(
    JSON.stringify(JSON.parse(text)),
    '{"issuer":"https://oidc.example.com/prod","jwks_uri":"https://oidc.example.com/prod/keys.json","authorization_endpoint":"urn:kubernetes:programmatic_authorization","response_types_supported":["id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"],"claims_supported":["sub","iss"]}',
  )
})

t.test('a slash at the end of the issuer stays, and is not doubled in jwks_uri', async (t) => {
  t.match(discover('https://oidc.example.com/prod/', [RSA]), {
    issuer: 'https://oidc.example.com/prod/',
    jwks_uri: 'https://oidc.example.com/prod/keys.json',
  })
})

t.test('algorithms are those of the keys, sorted; RS256 without any', async (t) => {
  const algorithms = (keys: readonly SigningKey[]) =>
    (discover('https://oidc.example.com', keys) as Record<string, unknown>)[
      'id_token_signing_alg_values_supported'
    ]
  t.strictSame(algorithms([]), ['RS256'])
  t.strictSame(algorithms([EC]), ['ES256'])
  t.strictSame(algorithms([RSA, vectorOf('p521.pub'), vectorOf('p384.pub'), OTHER_RSA, EC]), [
    'ES256',
    'ES384',
    'ES512',
    'RS256',
  ])
})

t.test('a key set is read as it was written', async (t) => {
  const keys = addEmptyKids([RSA, EC])
  t.strictSame(
    keys.map(({ kid }) => kid),
    [RSA.kid, EC.kid, '', ''],
  )
  t.strictSame(parseKeySet(JSON.parse(renderKeySet(keys))), keys)
})

t.test('a key set of others keeps its kids, and loses what is private and what is there twice', async (t) => {
  const key = { kty: 'RSA', n: RSA.kty === 'RSA' && RSA.n, e: 'AQAB' }
  const keys = parseKeySet({
    keys: [{ ...key, kid: 'mine', d: 'AQAB', p: 'AQAB' }, { ...key, kid: 'mine' }, key],
  })
  t.strictSame(keys, [
    { ...RSA, kid: 'mine' },
    { ...RSA, kid: '' },
  ])
})

const BROKEN: readonly (readonly [string, unknown, RegExp])[] = [
  ['no object', 'x', /no JSON Web Key Set/],
  ['no list', { keys: {} }, /no JSON Web Key Set/],
  ['a key that is no object', { keys: [1] }, /a key is not a JSON object/],
  ['a kid that is no text', { keys: [{ ...RSA, kid: 1 }] }, /kid of a key is not a text/],
  ['a key for encryption', { keys: [{ ...RSA, use: 'enc' }] }, /is not for signatures/],
  ['another algorithm', { keys: [{ ...RSA, alg: 'PS256' }] }, /is for "PS256", not for RS256/],
  ['another kind', { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'AA' }] }, /"Ed25519" is not supported/],
  ['a symmetric key', { keys: [{ kty: 'oct', k: 'AA' }] }, /"oct" is not supported/],
  ['a point off its curve', { keys: [{ ...EC, x: `AAAA${'A'.repeat(39)}` }] }, /is not valid/],
]
for (const [name, value, message] of BROKEN) {
  t.test(`a key set is refused: ${name}`, async (t) => {
    t.throws(() => parseKeySet(value), { message })
  })
}
