import { createPublicKey, verify, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { writeCanonicalRequest, writeQuery } from '../../src/aws/calls/canonical-request.ts'
import { signRequest } from '../../src/roles-anywhere/request-signature.ts'
import { readSigningIdentity } from '../../src/roles-anywhere/signing-identity.ts'
import { createAuthority, type KeyKind } from '../support/certificate-authority.ts'

const FOLDER = join(import.meta.dirname, '..', 'fixtures', 'roles-anywhere')
const vectors = JSON.parse(readFileSync(join(FOLDER, 'vectors.json'), 'utf8')) as {
  readonly query: Record<string, string>
  readonly host: string
  readonly date: string
  readonly requests: readonly {
    readonly name: string
    readonly body: string
    readonly hasChain: boolean
    readonly canonicalRequest: string
    readonly authorization: string
  }[]
}
const date = new Date(vectors.date)
const headers = { Host: vectors.host, 'Content-Type': 'application/json' }

for (const vector of vectors.requests) {
  t.test(`a request with ${vector.name} is signed as OpenSSL signs it`, async (t) => {
    const signer = readSigningIdentity(
      {
        certificatePath: join(FOLDER, 'leaf.pem'),
        privateKeyPath: join(FOLDER, 'leaf.key.pem'),
        intermediatesPath: vector.hasChain ? join(FOLDER, 'intermediate.pem') : undefined,
        keyPassword: undefined,
      },
      new Date(),
    )
    const request = { query: vectors.query, headers, body: vector.body }
    const { Authorization, ...signed } = signRequest(request, signer, { region: 'eu-central-1', date })
    const canonical = writeCanonicalRequest({
      ...request,
      method: 'POST',
      path: '/sessions',
      headers: signed,
    })
    t.equal(canonical, vector.canonicalRequest)
    t.equal(Authorization, vector.authorization)
  })
}

t.test('what is sent are the headers that are signed, and no chain without intermediates', async (t) => {
  const signer = {
    algorithm: 'AWS4-X509-RSA-SHA256' as const,
    serialNumber: '1',
    certificate: 'bGVhZg==',
    intermediates: [],
    sign: () => Buffer.of(10, 11),
  }
  t.strictSame(signRequest({ query: {}, headers, body: '' }, signer, { region: 'us-east-1', date }), {
    ...headers,
    'X-Amz-Date': '20260102T030405Z',
    'X-Amz-X509': 'bGVhZg==',
    Authorization:
      'AWS4-X509-RSA-SHA256 Credential=1/20260102/us-east-1/rolesanywhere/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-x509, Signature=0a0b',
  })
})

for (const keyKind of ['ec', 'ec-p384'] satisfies KeyKind[]) {
  t.test(`a signature of ${keyKind} is ECDSA by SHA-256 as ASN.1 DER, of the string to sign`, async (t) => {
    const authority = await createAuthority()
    const { certificate, key } = await authority.issue({ name: 'CN=node', keyKind })
    const path = join(t.testdir({ 'node.pem': certificate + key }), 'node.pem')
    const source = {
      certificatePath: path,
      privateKeyPath: undefined,
      intermediatesPath: undefined,
      keyPassword: undefined,
    }
    const signer = readSigningIdentity(source, new Date())
    t.equal(signer.algorithm, 'AWS4-X509-ECDSA-SHA256')
    const signature = signer.sign('text')
    t.equal(signature[0], 0x30)
    t.ok(verify('sha256', Buffer.from('text'), new X509Certificate(certificate).publicKey, signature))
    t.ok(verify('sha256', Buffer.from('text'), createPublicKey(key), signature))
  })
}

t.test('a query is sorted, and encoded by RFC 3986', async (t) => {
  t.equal(writeQuery({ b: "a b!'()*~/é", a: '1', 'a-b': '2' }), 'a=1&a-b=2&b=a%20b%21%27%28%29%2A~%2F%C3%A9')
})
