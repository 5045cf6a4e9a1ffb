import fc from 'fast-check'
import t from 'tap'
import { readAuthorization } from '../../../src/ecr/plugin/authorization.ts'
import { formatCacheDuration, renderCredentialResponse } from '../../../src/ecr/plugin/credential-response.ts'

const NOW = new Date('2026-01-01T00:00:00Z')
const afterMs = (ms: number) => new Date(NOW.getTime() + ms)

t.test('half of what is left may be kept, in whole seconds', async (t) => {
  const rows = [
    [afterMs(12 * 3_600_000), '6h0m0s'],
    [afterMs(12 * 3_600_000 - 1), '5h59m59s'],
    [afterMs(2 * 3_600_000), '1h0m0s'],
    [afterMs(2 * 3_599_000), '59m59s'],
    [afterMs(120_000), '1m0s'],
    [afterMs(3_000), '1s'],
    [afterMs(1_999), '0s'],
    [NOW, '0s'],
    [afterMs(-3_600_000), '0s'],
    [new Date(Number.NaN), '0s'],
    [undefined, '0s'],
  ] as const
  for (const [expiresAt, expected] of rows) t.equal(formatCacheDuration(expiresAt, NOW), expected)
})

t.test('a duration is never longer than half of what is left, nor shorter by a second', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100 * 3_600_000 }), (leftMs) => {
      const [, hours = '0', minutes = '0', seconds = '0'] =
        /^(?:(\d+)h)?(?:([0-5]?\d)m)?([0-5]?\d)s$/.exec(formatCacheDuration(afterMs(leftMs), NOW)) ?? []
      const ms = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000
      return ms <= leftMs / 2 && ms > leftMs / 2 - 1000
    }),
  )
})

t.test('the answer is one line with its members in order and no others', async (t) => {
  const authorization = { username: 'AWS', password: 'p"\u2028', expiresAt: afterMs(12 * 3_600_000) }
  const answer = { apiVersion: 'credentialprovider.kubelet.k8s.io/v1', authorization }
  t.equal(
    renderCredentialResponse({ ...answer, host: '[::1]:443' }, NOW),
    '{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1","cacheKeyType":"Registry","cacheDuration":"6h0m0s","auth":{"[::1]:443":{"username":"AWS","password":"p\\"\u2028"}}}\n',
  )
  t.match(renderCredentialResponse({ ...answer, host: '__proto__' }, NOW), '"auth":{"__proto__":{"username"')
})

t.test('an authorization token holds user and password', async (t) => {
  const encode = (text: string) => Buffer.from(text).toString('base64')
  t.same(readAuthorization({ authorizationToken: encode('AWS:a:b'), expiresAt: NOW }), {
    username: 'AWS',
    password: 'a:b',
    expiresAt: NOW,
  })
  t.equal(readAuthorization({ authorizationToken: encode('AWS:ab').replace(/=+$/, '') }).password, 'ab')
  for (const data of [undefined, {}, { authorizationToken: '' }]) {
    t.throws(() => readAuthorization(data), { name: 'ProviderError', message: /no authorization data/ })
  }
  for (const token of [
    encode('AWS'),
    encode(':p'),
    encode('AWS:'),
    encode('AWS:p\n'),
    'AWS:p',
    '%%%',
    'QVdTOnA-',
  ]) {
    t.throws(
      () => readAuthorization({ authorizationToken: token }),
      { name: 'ProviderError', message: "ECR's authorization token holds no username:password" },
      token,
    )
  }
})
