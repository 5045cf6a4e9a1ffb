import t from 'tap'
import { parseIssuer } from '../../src/iam/issuer-url.ts'

t.test('an issuer is kept byte for byte', async (t) => {
  t.strictSame(parseIssuer('https://s3.eu-central-1.amazonaws.com/bucket/prod'), {
    url: 'https://s3.eu-central-1.amazonaws.com/bucket/prod',
    hostPath: 's3.eu-central-1.amazonaws.com/bucket/prod',
    host: 's3.eu-central-1.amazonaws.com',
    path: '/bucket/prod',
    hasPort: false,
    baseUrl: 'https://s3.eu-central-1.amazonaws.com/bucket/prod',
  })
  t.match(parseIssuer('https://oidc.example.com/'), {
    url: 'https://oidc.example.com/',
    hostPath: 'oidc.example.com/',
    path: '/',
    baseUrl: 'https://oidc.example.com',
  })
  for (const url of ['https://Example.com', 'https://example.com/a%2Fb', 'https://example.com//a/'])
    t.equal(parseIssuer(url).url, url)
})

t.test('a port is told, 443 too', async (t) => {
  for (const url of ['https://example.com:6443', 'https://example.com:443/a', 'https://[::1]:6443/a'])
    t.equal(parseIssuer(url).hasPort, true, url)
  for (const url of ['https://example.com', 'https://example.com/a:1', 'https://[::1]/a'])
    t.equal(parseIssuer(url).hasPort, false, url)
})

const REFUSED: readonly (readonly [text: string, flaw: RegExp])[] = [
  ['', /^issuer "": it must begin with https:/],
  ['http://example.com', /it must begin with https:/],
  ['HTTPS://example.com', /it must begin with https:/],
  ['example.com', /it must begin with https:/],
  ['https://', /it is no URL/],
  ['https:///path', /it is no URL/],
  ['https://example.com?a=b', /no query/],
  ['https://example.com/?', /no query/],
  ['https://example.com#', /no fragment/],
  ['https://user:secret@example.com', /no user/],
  ['https://example.com/a b', /space/],
  ['https://example.com/\n', /space/],
  ['https://exämple.com', /not ASCII/],
  ['https://example.com\\a', /no URL/],
  ['https://example.com:99999', /no URL/],
  ['https://a.example.com,https://b.example.com', /two issuers/],
]
for (const [text, flaw] of REFUSED) {
  t.test(`refused: ${JSON.stringify(text)}`, async (t) => {
    t.throws(() => parseIssuer(text), { message: flaw })
    t.throws(() => parseIssuer(text), { message: /; write https:\/\/HOST\/PATH$/ })
  })
}

t.test('a password is not repeated', async (t) => {
  t.throws(() => parseIssuer('https://user:secret@example.com'), { message: /^(?!.*secret)/ })
})
