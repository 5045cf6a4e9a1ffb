import t from 'tap'
import type { Publication } from '../../../src/oidc/publishing/publication.ts'
import { setUpPublishing, TAGGED } from '../support/publishing.ts'
import { EC, RSA } from '../support/signing-keys.ts'
import { isPublic, type S3Bucket, type S3Request, type SmallS3, writeBlock } from '../support/small-s3.ts'

const KEYS = 'prod/keys.json'
const DISCOVERY = 'prod/.well-known/openid-configuration'
const DENIED = { kind: 'error', status: 403, code: 'AccessDenied', message: 'Access Denied' } as const

const isWrite = ({ method }: S3Request) => method === 'PUT'

async function applyAll({ steps }: Publication): Promise<void> {
  for (const step of steps) await step.apply()
}

function publishedKids(s3: SmallS3, key = KEYS): readonly string[] {
  return JSON.parse(s3.read('issuers', key).body).keys.map(({ kid }: { kid: string }) => kid)
}

t.test('two that publish at the same time keep what the other one set', async (t) => {
  const { s3, plan } = await setUpPublishing(t)
  const bucket = s3.addBucket('issuers')
  const first = await plan()
  const second = await plan({ prefix: 'test' }, { keys: ['p256.pub'] })
  await applyAll(first)
  bucket.settings.set(
    'tagging',
    '<Tagging><TagSet><Tag><Key>team</Key><Value>x</Value></Tag></TagSet></Tagging>',
  )
  await applyAll(second)
  t.match(bucket.settings.get('tagging'), /<Key>team<\/Key>.*<Key>pod-identity-webhook<\/Key>/s)
  for (const key of [KEYS, DISCOVERY, 'test/keys.json', 'test/.well-known/openid-configuration'])
    t.ok(isPublic(bucket, { bucket: 'issuers', key }), key)
  await first.check()
  t.strictSame((await plan()).steps, [])
})

t.test('a try after a conflict merges into what is there then', async (t) => {
  const { s3, publish } = await setUpPublishing(t)
  const theirs = { Sid: 'Theirs', Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: 'x' }
  const bucket = s3.addBucket('issuers')
  let conflicts = 1
  s3.intercept = ({ method, query }) => {
    if (method !== 'PUT' || !query.has('policy') || conflicts-- === 0) return undefined
    bucket.settings.set('policy', JSON.stringify({ Version: '2012-10-17', Statement: [theirs] }))
    return { kind: 'error', status: 409, code: 'OperationAborted' }
  }
  await publish()
  t.match(JSON.parse(bucket.settings.get('policy') ?? '').Statement, [theirs, { Sid: /^PodIdentityWebhook/ }])
})

const MENDS: readonly (readonly [string, (bucket: S3Bucket) => void])[] = [
  ['tagging', ({ settings }) => settings.delete('tagging')],
  ['publicAccessBlock', ({ settings }) => settings.set('publicAccessBlock', writeBlock(true))],
  ['policy', ({ settings }) => settings.delete('policy')],
  ['ownershipControls', ({ settings }) => settings.delete('ownershipControls')],
]
for (const [setting, breakIt] of MENDS) {
  t.test(`new keys go out although a mend is denied: ${setting}`, async (t) => {
    const { s3, plan, publish } = await setUpPublishing(t)
    await publish()
    const bucket = s3.buckets.get('issuers') ?? s3.addBucket('issuers')
    breakIt(bucket)
    s3.intercept = (request) => (isWrite(request) && request.query.has(setting) ? DENIED : undefined)
    const planned = await plan({}, { keys: ['p256.pub', 'rsa.pub'] })
    await t.rejects(applyAll(planned), { message: /access denied: these credentials need s3:Put/ })
    t.strictSame(publishedKids(s3), [EC.kid, RSA.kid])
    s3.intercept = () => undefined
    await publish({}, { keys: ['p256.pub', 'rsa.pub'] })
    t.strictSame((await plan({}, { keys: ['p256.pub', 'rsa.pub'] })).steps, [], 'and is made later')
  })
}

t.test('new keys go out although the settings may not be read, and that is told', async (t) => {
  const { s3, plan, publish } = await setUpPublishing(t)
  await publish()
  s3.intercept = ({ method, query }) => (method === 'GET' && query.has('policy') ? DENIED : undefined)
  const planned = await plan({}, { keys: ['p256.pub', 'rsa.pub'] })
  await applyAll(planned)
  t.strictSame(publishedKids(s3), [EC.kid, RSA.kid])
  await t.rejects(planned.check(), { message: /need s3:GetBucketPolicy on arn:aws:s3:::issuers$/ })
  t.match(planned.notes.at(-1), /^not done: s3:GetBucketPolicy/)
})

/** A bucket as the guides have it made by hand: public by ACLs, in a bucket of ACLs. */
function addGuideBucket(s3: SmallS3): S3Bucket {
  const headers = { 'x-amz-acl': 'public-read', 'content-type': 'binary/octet-stream' }
  const bucket = s3.addBucket('issuers', { settings: new Map([['publicAccessBlock', writeBlock(false)]]) })
  bucket.objects.set(KEYS, { body: JSON.stringify({ keys: [RSA] }), headers })
  bucket.objects.set(DISCOVERY, { body: '{}', headers })
  return bucket
}

function isServed(bucket: S3Bucket): boolean {
  return [KEYS, DISCOVERY].every((key) => isPublic(bucket, { bucket: 'issuers', key }))
}

const BLOCKED_POLICIES =
  '<PublicAccessBlockConfiguration><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>'

for (const block of [writeBlock(false), BLOCKED_POLICIES]) {
  t.test('an issuer that is public by ACLs is adopted, and served at every moment', async (t) => {
    const { s3, plan } = await setUpPublishing(t)
    const bucket = addGuideBucket(s3)
    bucket.settings.set('publicAccessBlock', block)
    await t.rejects(plan(), { message: /is in use: .*--adopt/ })
    s3.clearRequests()
    s3.intercept = () => {
      t.ok(isServed(bucket))
      return undefined
    }
    const planned = await plan({}, { isAdopted: true })
    await applyAll(planned)
    await planned.check()
    t.match(bucket.settings.get('ownershipControls'), /BucketOwnerEnforced/)
    t.match(bucket.settings.get('publicAccessBlock'), /<IgnorePublicAcls>true</)
    t.strictSame((await plan()).steps, [])
  })
}

t.test('whatever fails of an adoption, what was served before is', async (t) => {
  for (let failing = 0; failing < 7; failing++) {
    const { s3, plan } = await setUpPublishing(t)
    const bucket = addGuideBucket(s3)
    bucket.settings.set('publicAccessBlock', BLOCKED_POLICIES)
    const planned = await plan({}, { isAdopted: true })
    t.equal(planned.steps.length, 7)
    let writeCount = 0
    s3.intercept = (request) =>
      isWrite(request) && writeCount++ === failing ? { ...DENIED, code: 'Forbidden' } : undefined
    await t.rejects(applyAll(planned))
    t.ok(isServed(bucket), `write ${failing} fails`)
    s3.intercept = () => undefined
    await applyAll(await plan({}, { isAdopted: true }))
    t.ok(isServed(bucket), 'and it is adopted in the next run')
  }
})

t.test('a bucket is not opened where others would be let in by what they wrote', async (t) => {
  const { s3, plan, publish } = await setUpPublishing(t)
  const theirs = { Sid: 'Site', Effect: 'Allow', Principal: { AWS: ['*'] }, Action: 's3:*', Resource: 'x' }
  const withPolicy = (...statements: readonly object[]) =>
    JSON.stringify({ Version: '2012-10-17', Statement: statements })
  const bucket = s3.addBucket('issuers', {
    settings: new Map([
      ['publicAccessBlock', BLOCKED_POLICIES],
      ['policy', withPolicy(theirs, { ...theirs, Sid: undefined })],
    ]),
  })
  await t.rejects(plan({}, { isAdopted: true }), {
    message:
      /^public policies are blocked on bucket issuers, and opening it .* \(Site, the statement at place 2\): take these out/,
  })
  const network = { StringEquals: { 'aws:SourceVpce': 'vpce-1' } }
  for (const harmless of [
    { ...theirs, Effect: 'Deny' },
    { ...theirs, Condition: network },
    { ...theirs, Principal: { AWS: '111122223333' } },
  ]) {
    bucket.settings.set('policy', withPolicy(harmless))
    t.ok((await plan({}, { isAdopted: true })).steps.length > 0)
  }
  bucket.settings.delete('policy')
  await publish({}, { isAdopted: true })
  const { Statement } = JSON.parse(bucket.settings.get('policy') ?? '')
  bucket.settings.set('policy', withPolicy(...Statement, theirs)).set('publicAccessBlock', writeBlock(true))
  const planned = await plan({}, { keys: ['p256.pub', 'rsa.pub'] })
  await applyAll(planned)
  t.strictSame(publishedKids(s3), [EC.kid, RSA.kid], 'new keys go out all the same')
  t.equal(bucket.settings.get('publicAccessBlock'), writeBlock(true))
  await t.rejects(planned.check(), { message: /^public policies are blocked on bucket issuers/ })
})

t.test('a bucket that the account keeps private is no success', async (t) => {
  const { s3, plan, publish, pausesMs } = await setUpPublishing(t)
  const planned = await publish()
  await planned.check()
  t.strictSame(pausesMs, [])
  s3.isAccountBlocked = true
  await t.rejects(planned.check(), { message: /a GET without credentials is denied/ })
  t.strictSame(pausesMs, [1000, 2000, 4000], 'settings take a while')
  const again = await plan()
  t.strictSame(again.steps, [])
  await t.rejects(again.check(), {
    message:
      /^s3:\/\/issuers\/prod\/keys\.json is published, but a GET without credentials is denied.* whole account 111122223333 \(aws s3control get-public-access-block --account-id 111122223333; RestrictPublicBuckets must be off\)/,
  })
  t.equal(pausesMs.length, 3, 'where nothing changed, there is nothing to wait for')
})

t.test('a tag alone makes no documents ours', async (t) => {
  const { s3, plan } = await setUpPublishing(t)
  const bucket = addGuideBucket(s3)
  bucket.settings.set('tagging', TAGGED)
  const { steps } = await plan()
  t.match(steps[0]?.detail, /^policy lets everyone/, 'so the policy comes before they are written')
})

for (const formerPolicy of [undefined, '{"Version":"2012-10-17","Statement":[]}']) {
  t.test('an issuer that a policy would close for the account keeps its ACLs and its policy', async (t) => {
    const { s3, plan, pausesMs } = await setUpPublishing(t)
    const bucket = addGuideBucket(s3)
    const before = s3.read('issuers', KEYS)
    const planned = await plan({}, { isAdopted: true })
    // The policy of nobody would be no public one to S3; this endpoint does not tell.
    s3.intercept = ({ method, query }) => {
      if (method === 'PUT' && query.has('policy')) s3.isAccountBlocked = true
      return undefined
    }
    if (formerPolicy !== undefined) bucket.settings.set('policy', formerPolicy)
    await t.rejects(applyAll(planned), {
      message:
        /^with a policy nobody could read .* turn RestrictPublicBuckets off for the account 111122223333/,
    })
    t.strictSame(pausesMs, [4000])
    t.equal(bucket.settings.get('policy'), formerPolicy)
    t.strictSame(s3.read('issuers', KEYS), before)
    t.ok(isServed(bucket))
  })
}
