import t from 'tap'
import { quoteText, quoteTexts, quoteValue } from '../../src/text/quoted-text.ts'
import { createConcealer, describeSecret } from '../../src/text/secret-text.ts'

const KEY_LINE = 'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg'

t.test('what people write is repeated', async (t) => {
  for (const text of [
    '',
    'shop-cart',
    'arn:aws:iam::111122223333:role/service-role/Application-1/Reader',
    'arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/8f0f0a5e-1f0c-4b59-9c5f-0a1b2c3d4e5f',
    '/etc/kubernetes/pki/apiserver-kubelet-client.key',
    'https://s3.eu-central-1.amazonaws.com/my-cluster-oidc',
    '111122223333.dkr.ecr.eu-central-1.amazonaws.com/app@sha256:6dd50763eb3d3c1b3a1c1b3a1c1b3a1c1b3a1c1b3a1c1b3a1c1b3a1c1b3a1c1b',
    'x'.repeat(200),
  ])
    t.equal(quoteText(text), JSON.stringify(text))
  t.equal(quoteText('a\u009bb'), '"a\\u009bb"')
  t.equal(quoteValue({ a: 1 }), '"{\\"a\\":1}"')
  t.equal(quoteValue(undefined), '"undefined"')
  t.equal(quoteTexts(['a', 'b', 'c', 'd', 'e', 'f', 'g']), '"a", "b", "c", "d", "e" and 2 more')
})

t.test('what may be a secret is described', async (t) => {
  const pem = `-----BEGIN PRIVATE KEY-----\n${KEY_LINE}\n-----END PRIVATE KEY-----\n`
  for (const [text, description] of [
    [pem, `a private key in PEM, ${pem.length} characters`],
    [pem.replaceAll('\n', '\\n'), `a private key in PEM, ${pem.length + 3} characters`],
    ['-----BEGIN RSA PRIVATE KEY-----', 'a private key in PEM, 31 characters'],
    ['-----BEGIN CERTIFICATE-----', 'a certificate in PEM, 27 characters'],
    [KEY_LINE, 'what may be a key, 48 characters'],
    ['wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', 'what may be a key, 40 characters'],
    ['eyJhbGciOiJSUzI1NiJ9.e30.x', 'a token, 26 characters'],
    ['apiVersion: v1\nclusters: []\n', 'a kubeconfig, 28 characters'],
    ['a\nb', 'a text of several lines, 3 characters'],
    ['x'.repeat(201), 'a long text, 201 characters'],
  ] as const) {
    t.equal(describeSecret(text), description)
    t.equal(quoteText(text), description)
  }
})

t.test('a concealer replaces what it was told, in whatever way it is folded', async (t) => {
  const secret = `first ${KEY_LINE}\nsecond ${KEY_LINE.toLowerCase()}1`
  const conceal = createConcealer(['plain', secret])
  const shown = `<a text of several lines, ${secret.length} characters>`
  t.equal(conceal?.(`open '${secret.replace('\n', '; ')}': ENOENT`), `open '${shown}': ENOENT`)
  t.equal(conceal?.(JSON.stringify({ a: secret })), `{"a":"${shown}"}`)
  t.equal(conceal?.(`cut: ${secret.slice(0, 30)}…, and plain`), `cut: ${shown}…, and plain`)
  t.equal(conceal?.('nothing of it'), 'nothing of it')
  t.equal(createConcealer(['plain', 'words']), undefined)
})
