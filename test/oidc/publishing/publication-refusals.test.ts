import t from 'tap'
import { setEnvironment } from '../support/process-environment.ts'
import { setUpPublishing, TAGGED } from '../support/publishing.ts'
import { CALLER_ACCOUNT, type S3Fault, type S3Request } from '../support/small-s3.ts'

t.test('a bucket that holds other things is refused, with what was found', async (t) => {
  const { s3, plan } = await setUpPublishing(t)
  const bucket = s3.addBucket('issuers', {
    settings: new Map([
      ['tagging', TAGGED.replace('pod-identity-webhook', 'team').replace('oidc-issuer', 'x')],
    ]),
  })
  for (const key of ['a.txt', 'b.txt', 'c.txt']) bucket.objects.set(key, { body: '', headers: {} })
  await t.rejects(plan(), {
    message:
      'bucket issuers is in use: it has no tag pod-identity-webhook=oidc-issuer, but holds a.txt, b.txt and more and the tags team; choose another, or give --adopt to publish in it beside them',
  })
  t.strictSame(s3.writes, [])
})

t.test('a bucket of another region is refused, and the right one named', async (t) => {
  const { s3, plan } = await setUpPublishing(t)
  const message = 'bucket issuers is in us-west-2, not in eu-central-1: give --region us-west-2'
  s3.addBucket('issuers', { region: 'us-west-2' })
  await t.rejects(plan(), { message })
  s3.intercept = onRead({
    kind: 'error',
    status: 400,
    code: 'AuthorizationHeaderMalformed',
    region: 'us-west-2',
  })
  await t.rejects(plan(), { message })
})

t.test('a bucket of another account is refused', async (t) => {
  const { s3, plan } = await setUpPublishing(t)
  s3.addBucket('issuers', { owner: '999988887777' })
  const message = `bucket issuers does not belong to account ${CALLER_ACCOUNT}, but to another one: names are unique in all of AWS, choose one that is free`
  await t.rejects(plan(), { message })
  s3.intercept = ({ bucket, method }) =>
    bucket === '' && method === 'GET' ? { kind: 'error', status: 403, code: 'AccessDenied' } : undefined
  await t.rejects(plan(), {
    message:
      /need s3:GetBucketLocation on arn:aws:s3:::issuers; or bucket issuers belongs to another account/,
  })
})

t.test('a bucket that another account made meanwhile', async (t) => {
  const { s3, plan } = await setUpPublishing(t)
  const [creation] = (await plan()).steps
  s3.addBucket('issuers', { owner: '999988887777' })
  await t.rejects(async () => creation?.apply(), {
    message: /^bucket issuers belongs to another account: names are unique/,
  })
})

t.test('a missing permission on our own bucket is named', async (t) => {
  const { s3, plan } = await setUpPublishing(t)
  s3.addBucket('issuers')
  s3.intercept = onRead({ kind: 'error', status: 403, code: 'AccessDenied' })
  await t.rejects(plan(), {
    message:
      's3:GetBucketLocation: access denied: these credentials need s3:GetBucketLocation on arn:aws:s3:::issuers',
  })
  s3.intercept = ({ key }) =>
    key === 'prod/keys.json' ? { kind: 'error', status: 403, code: 'AccessDenied' } : undefined
  await t.rejects(plan(), {
    message:
      's3:GetObject: access denied: these credentials need s3:GetObject on arn:aws:s3:::issuers/prod/keys.json, and s3:ListBucket on arn:aws:s3:::issuers',
  })
})

t.test('what S3 does not know yet of a new bucket is tried again', async (t) => {
  const { s3, publish, pausesMs } = await setUpPublishing(t)
  const message = 'prevented by the BlockPublicPolicy setting in S3 Block Public Access'
  const faults: Readonly<Record<string, S3Fault[]>> = {
    tagging: [
      { kind: 'error', status: 404, code: 'NoSuchBucket' },
      { kind: 'error', status: 409, code: 'OperationAborted' },
    ],
    policy: [{ kind: 'error', status: 403, code: 'AccessDenied', message }],
  }
  s3.intercept = ({ method, query }) =>
    method === 'PUT' ? faults[[...query.keys()][0] ?? '']?.shift() : undefined
  await publish()
  t.strictSame(faults, { tagging: [], policy: [] })
  t.strictSame(pausesMs, [1000, 2000, 1000])
  t.equal(s3.buckets.get('issuers')?.objects.size, 2)
})

t.test('public access that is blocked for the whole account is told as that', async (t) => {
  const { s3, plan } = await setUpPublishing(t)
  const denial = (message: string): S3Fault => ({ kind: 'error', status: 403, code: 'AccessDenied', message })
  const policyStep = async () => {
    const planned = await plan()
    s3.addBucket('issuers')
    return planned.steps.find(({ detail }) => detail.startsWith('policy'))
  }
  const remedy = `aws s3control get-public-access-block --account-id ${CALLER_ACCOUNT} shows it`
  const onPolicy = (fault: S3Fault) => (request: S3Request) =>
    request.query.has('policy') && request.method === 'PUT' ? fault : undefined
  s3.intercept = onPolicy(denial('because public policies are prevented by the BlockPublicPolicy setting'))
  await t.rejects(async () => (await policyStep())?.apply(), {
    message: new RegExp(
      `^s3:PutBucketPolicy: public access is blocked for the whole account ${CALLER_ACCOUNT}: ${remedy}`,
    ),
  })
  s3.intercept = onPolicy(denial('Access Denied'))
  await t.rejects(async () => (await policyStep())?.apply(), {
    message:
      /need s3:PutBucketPolicy on arn:aws:s3:::issuers; or public access is blocked for the whole account/,
  })
})

t.test('keys that are published and cannot be read stop everything', async (t) => {
  const { s3, plan } = await setUpPublishing(t)
  const bucket = s3.addBucket('issuers', { settings: new Map([['tagging', TAGGED]]) })
  bucket.objects.set('prod/keys.json', { body: '<html>', headers: {} })
  await t.rejects(plan(), {
    message:
      's3://issuers/prod/keys.json: it is no JSON; take that one out of it, or where there are no keys at all move the object away',
  })
  bucket.objects.set('prod/keys.json', { body: '{}', headers: {} })
  await t.rejects(plan(), { message: /^s3:\/\/issuers\/prod\/keys.json: it is no JSON Web Key Set/ })
})

const FAILURES: readonly (readonly [string, S3Fault, RegExp])[] = [
  ['expired', { kind: 'error', status: 400, code: 'ExpiredToken' }, /have expired: sign in again$/],
  ['clock', { kind: 'error', status: 403, code: 'RequestTimeTooSkewed' }, /clock is more than minutes off/],
  [
    'unknown key',
    { kind: 'error', status: 403, code: 'InvalidAccessKeyId' },
    /does not know these credentials/,
  ],
  [
    'something new',
    { kind: 'error', status: 400, code: 'Strange', message: 'a\nb' },
    /Strange: a b \(HTTP 400\)$/,
  ],
]
for (const [name, fault, message] of FAILURES) {
  t.test(`one line says what failed and what to do: ${name}`, async (t) => {
    const { s3, plan } = await setUpPublishing(t)
    s3.intercept = onRead(fault)
    await t.rejects(plan(), { message })
  })
}

t.test('a connection that is cut is tried again', async (t) => {
  const { s3, plan } = await setUpPublishing(t)
  let faults = 2
  s3.intercept = ({ bucket }) => (bucket === 'issuers' && faults-- > 0 ? { kind: 'reset' } : undefined)
  t.equal((await plan()).steps.length, 6)
})

t.test('without credentials only a plan to be written down is made, of everything', async (t) => {
  const { s3, plan } = await setUpPublishing(t)
  setEnvironment(t, { AWS_ACCESS_KEY_ID: undefined })
  await t.rejects(plan(), { message: /^sts:GetCallerIdentity: there are no AWS credentials/ })
  const { steps, preface } = await plan({}, { isPlanWithoutCredentials: true })
  t.equal(steps.length, 6)
  t.match(preface, [/^Made without AWS credentials/])
  t.strictSame(s3.requests, [])
})

function onRead(fault: S3Fault): (request: S3Request) => S3Fault | undefined {
  return ({ method, query }) => (method === 'GET' && query.has('location') ? fault : undefined)
}
