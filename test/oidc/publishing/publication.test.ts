import t from 'tap'
import { setEnvironment } from '../support/process-environment.ts'
import { HOUR_MS, NOW_MS, setUpPublishing, TAGGED } from '../support/publishing.ts'
import { EC, RSA } from '../support/signing-keys.ts'
import { writeBlock } from '../support/small-s3.ts'

t.test(
  'a bucket is made, closed to ACLs and opened to the policy before it is set, keys come first',
  async (t) => {
    const { s3, publish } = await setUpPublishing(t)
    await publish()
    t.strictSame(s3.writes, [
      'PUT issuers/',
      'PUT issuers/tagging',
      'PUT issuers/publicAccessBlock',
      'PUT issuers/policy',
      'PUT issuers/prod/keys.json',
      'PUT issuers/prod/.well-known/openid-configuration',
    ])
    const bucket = s3.buckets.get('issuers')
    t.equal(bucket?.region, 'eu-central-1')
    t.match(bucket?.settings.get('tagging'), /<Key>pod-identity-webhook<\/Key><Value>oidc-issuer<\/Value>/)
    t.match(bucket?.settings.get('ownershipControls'), /BucketOwnerEnforced/)
    t.match(
      bucket?.settings.get('publicAccessBlock'),
      /<BlockPublicAcls>true<.*<IgnorePublicAcls>true<.*<BlockPublicPolicy>false<.*<RestrictPublicBuckets>false</,
    )
    t.strictSame(s3.read('issuers', 'prod/keys.json'), {
      body: `${JSON.stringify({ keys: [RSA] }, undefined, 2)}\n`,
      headers: { 'content-type': 'application/jwk-set+json', 'cache-control': 'max-age=300' },
    })
    t.match(s3.read('issuers', 'prod/.well-known/openid-configuration'), {
      body: /"issuer": "https:\/\/s3\.eu-central-1\.amazonaws\.com\/issuers\/prod"/,
      headers: { 'content-type': 'application/json', 'cache-control': 'max-age=300' },
    })
  },
)

t.test('no request has an ACL or a checksum that it need not have', async (t) => {
  const { s3, publish } = await setUpPublishing(t)
  await publish()
  const objects = s3.requests.filter(({ key }) => key !== '')
  t.equal(objects.length, 2)
  for (const { headers } of s3.requests) t.equal(headers['x-amz-acl'], undefined)
  for (const { headers } of objects)
    t.strictSame(
      Object.keys(headers).filter((name) => /checksum|trailer/.test(name)),
      [],
    )
})

t.test('a second run changes nothing and only reads', async (t) => {
  const { s3, plan, publish } = await setUpPublishing(t)
  await publish()
  s3.clearRequests()
  const { steps, notes } = await plan()
  t.strictSame(steps, [])
  t.strictSame(notes, ['issuer: https://s3.eu-central-1.amazonaws.com/issuers/prod'])
  t.strictSame(s3.writes, [])
  t.notOk(
    s3.requests.some(({ method }) => method === 'HEAD'),
    'an answer to HEAD says no cause',
  )
})

t.test('us-east-1 is no LocationConstraint', async (t) => {
  const { s3, publish } = await setUpPublishing(t)
  await publish({ region: 'us-east-1' })
  t.equal(s3.buckets.get('issuers')?.region, 'us-east-1')
  t.equal(s3.requests[0]?.body, '')
})

t.test('without a region, that of the environment is taken', async (t) => {
  const { s3, publish } = await setUpPublishing(t)
  setEnvironment(t, { AWS_REGION: 'us-west-2' })
  await publish({ region: undefined })
  t.equal(s3.buckets.get('issuers')?.region, 'us-west-2')
})

t.test('a second prefix keeps the first one readable', async (t) => {
  const { s3, plan, publish } = await setUpPublishing(t)
  await publish()
  await publish({ prefix: 'test' })
  t.strictSame(s3.writes, [
    'PUT issuers/policy',
    'PUT issuers/test/keys.json',
    'PUT issuers/test/.well-known/openid-configuration',
  ])
  t.equal(JSON.parse(s3.buckets.get('issuers')?.settings.get('policy') ?? '').Statement.length, 2)
  t.strictSame((await plan()).steps, [])
})

t.test('an old key stays for its time, counted from when it was first missing', async (t) => {
  const { s3, plan, publish } = await setUpPublishing(t)
  await publish()
  const rotated = await publish({}, { keys: ['p256.pub'] })
  t.strictSame(rotated.facts, {
    issuer: 'https://s3.eu-central-1.amazonaws.com/issuers/prod',
    retiring: [{ kid: RSA.kid, missingSince: '2026-11-01T12:00:00.000Z', until: '2026-11-02T12:00:00.000Z' }],
  })
  t.strictSame(
    rotated.steps.map(({ detail }) => detail),
    [
      `key ${EC.kid} added; key ${RSA.kid} retiring`,
      'issuer https://s3.eu-central-1.amazonaws.com/issuers/prod',
    ],
  )
  const body = s3.read('issuers', 'prod/keys.json').body
  t.strictSame(JSON.parse(body).keys, [EC, RSA])

  const later = { keys: ['p256.pub'], nowMs: NOW_MS + 23 * HOUR_MS }
  const waiting = await plan({}, later)
  t.strictSame(waiting.steps, [])
  t.match(
    waiting.notes[1],
    /stays until 2026-11-02T12:00:00.000Z: the cluster has not had it since 2026-11-01T12/,
  )

  const ended = await publish({}, { ...later, nowMs: NOW_MS + 24 * HOUR_MS })
  t.equal(ended.steps[0]?.detail, `key ${RSA.kid} removed`)
  t.strictSame(JSON.parse(s3.read('issuers', 'prod/keys.json').body).keys, [EC])
  t.equal(s3.read('issuers', 'prod/keys.json').headers['x-amz-meta-missing-since'], undefined)
})

t.test('a key that comes back is no longer retiring', async (t) => {
  const { publish } = await setUpPublishing(t)
  await publish()
  await publish({}, { keys: ['p256.pub'] })
  const back = await publish({}, { keys: ['p256.pub', 'rsa.pub'], nowMs: NOW_MS + HOUR_MS })
  t.strictSame(back.facts['retiring'], [])
  t.strictSame(
    back.steps.map(({ detail }) => detail),
    [`key ${RSA.kid} no longer retiring`],
  )
  const gone = await publish({}, { keys: ['p256.pub'], nowMs: NOW_MS + 2 * HOUR_MS })
  t.match(gone.facts['retiring'], [{ missingSince: '2026-11-01T14:00:00.000Z' }])
})

t.test('what somebody changed is set right, and nothing else', async (t) => {
  const { s3, publish } = await setUpPublishing(t)
  await publish()
  const bucket = s3.buckets.get('issuers')
  const key = 'prod/keys.json'
  const object = s3.read('issuers', key)
  const { 'content-type': contentType = '', 'cache-control': cacheControl = '' } = object.headers
  bucket?.settings.set('publicAccessBlock', writeBlock(true))
  bucket?.objects.set(key, { ...object, headers: { 'content-type': contentType } })
  await publish()
  t.strictSame(s3.writes, ['PUT issuers/publicAccessBlock', `PUT issuers/${key}`])
  t.strictSame(s3.read('issuers', key), object)
  bucket?.objects.set(key, { ...object, headers: { 'cache-control': cacheControl } })
  await publish()
  t.strictSame(s3.writes, [`PUT issuers/${key}`])
  t.strictSame(s3.read('issuers', key), object)
})

t.test('--adopt uses it, and keeps its tags and the statements of its policy', async (t) => {
  const { s3, plan, publish } = await setUpPublishing(t)
  const theirs = { Sid: 'Theirs', Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: 'x' }
  const bucket = s3.addBucket('issuers', {
    settings: new Map([
      ['tagging', TAGGED.replace('pod-identity-webhook', 'team').replace('oidc-issuer', 'x')],
      ['policy', JSON.stringify({ Version: '2012-10-17', Statement: [theirs] })],
    ]),
  })
  bucket.objects.set('a.txt', { body: 'theirs', headers: {} })
  await publish({}, { isAdopted: true })
  t.match(bucket.settings.get('tagging'), /<Key>team<\/Key>.*<Key>pod-identity-webhook<\/Key>/s)
  t.strictSame(JSON.parse(bucket.settings.get('policy') ?? '').Statement[0], theirs)
  t.match(bucket.settings.get('ownershipControls'), /BucketOwnerEnforced/)
  t.equal(bucket.objects.get('a.txt')?.body, 'theirs')
  t.strictSame((await plan()).steps, [], 'from now on it is ours')
})

t.test('an empty bucket is used as it is', async (t) => {
  const { s3, publish } = await setUpPublishing(t)
  s3.addBucket('issuers')
  await publish()
  t.notOk(s3.writes.includes('PUT issuers/'))
  t.equal(s3.buckets.get('issuers')?.objects.size, 2)
})
