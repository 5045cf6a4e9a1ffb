import t from 'tap'
import { locateIssuer } from '../../../src/oidc/publishing/issuer-location.ts'

const locate = (bucket: string, region: string, prefix = '', isVirtualHost = false) =>
  locateIssuer({ bucket, region, prefix, isVirtualHost })

const ISSUERS: readonly (readonly [Parameters<typeof locate>, string])[] = [
  [['my-bucket', 'eu-central-1'], 'https://s3.eu-central-1.amazonaws.com/my-bucket'],
  [['my-bucket', 'us-east-1', 'a/b'], 'https://s3.us-east-1.amazonaws.com/my-bucket/a/b'],
  [['my-bucket', 'eu-central-1', '', true], 'https://my-bucket.s3.eu-central-1.amazonaws.com'],
  [['my-bucket', 'eu-central-1', 'a', true], 'https://my-bucket.s3.eu-central-1.amazonaws.com/a'],
  [['my.bucket', 'cn-north-1', 'a'], 'https://s3.cn-north-1.amazonaws.com.cn/my.bucket/a'],
  [['my-bucket', 'us-gov-west-1'], 'https://s3.us-gov-west-1.amazonaws.com/my-bucket'],
  [['my-bucket', 'eusc-de-east-1'], 'https://s3.eusc-de-east-1.amazonaws.eu/my-bucket'],
  [['my-bucket', 'us-iso-east-1', '', true], 'https://my-bucket.s3.us-iso-east-1.c2s.ic.gov'],
]
for (const [place, url] of ISSUERS) {
  t.test(url, async (t) => {
    t.equal(locate(...place).issuer.url, url)
  })
}

t.test('both objects are below the prefix', async (t) => {
  t.match(locate('my-bucket', 'cn-north-1', 'a/b'), {
    keysKey: 'a/b/keys.json',
    discoveryKey: 'a/b/.well-known/openid-configuration',
    bucketArn: 'arn:aws-cn:s3:::my-bucket',
  })
  t.match(locate('my-bucket', 'eu-central-1'), {
    keysKey: 'keys.json',
    discoveryKey: '.well-known/openid-configuration',
  })
})

t.test('names that cannot be part of an issuer are refused', async (t) => {
  for (const bucket of ['', 'ab', 'Upper', 'a_b', '-ab', 'a..b', 'a'.repeat(64), 'a/b', 'a b'])
    t.throws(() => locate(bucket, 'eu-central-1'), { message: /^bucket ".*": a name has/ }, bucket)
  for (const prefix of ['/', '/a', 'a/', 'a//b', '.', '..', 'a/../b', 'a b', 'a?', 'a*', '$x', 'ä', 'a%2F'])
    t.throws(() => locate('my-bucket', 'eu-central-1', prefix), { message: /^prefix ".*": it takes/ }, prefix)
  t.throws(() => locate('my.bucket', 'eu-central-1', '', true), { message: /leave --virtual-host out/ })
})
