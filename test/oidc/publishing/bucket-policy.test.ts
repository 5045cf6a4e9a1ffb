import fc from 'fast-check'
import t from 'tap'
import { mergeBucketPolicy } from '../../../src/oidc/publishing/bucket-policy.ts'
import { locateIssuer } from '../../../src/oidc/publishing/issuer-location.ts'

const place = { bucket: 'issuers', region: 'eu-central-1', isVirtualHost: false }
const at = (prefix: string, region = place.region) => locateIssuer({ ...place, prefix, region })

interface Policy {
  readonly Version: string
  readonly Statement: readonly Readonly<Record<string, unknown>>[]
}

function merge(current: unknown, prefix = 'prod'): Policy {
  const merged = mergeBucketPolicy(current === undefined ? undefined : JSON.stringify(current), at(prefix))
  if (merged === undefined) throw new Error('nothing to merge')
  return JSON.parse(merged)
}

t.test('everyone may read exactly the two objects', async (t) => {
  t.strictSame(merge(undefined, ''), {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'PodIdentityWebhookIssuer',
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: ['arn:aws:s3:::issuers/.well-known/openid-configuration', 'arn:aws:s3:::issuers/keys.json'],
      },
    ],
  })
  const china = JSON.parse(mergeBucketPolicy(undefined, at('prod', 'cn-north-1')) ?? '')
  t.strictSame(china.Statement[0].Resource, [
    'arn:aws-cn:s3:::issuers/prod/.well-known/openid-configuration',
    'arn:aws-cn:s3:::issuers/prod/keys.json',
  ])
})

t.test('a second prefix gets a statement of its own', async (t) => {
  const both = merge(merge(undefined, 'one'), 'two')
  t.equal(both.Statement.length, 2)
  t.equal(new Set(both.Statement.map(({ Sid }) => Sid)).size, 2)
  for (const { Sid } of both.Statement) t.match(Sid, /^[A-Za-z0-9]+$/)
  for (const prefix of ['one', 'two']) t.equal(mergeBucketPolicy(JSON.stringify(both), at(prefix)), undefined)
})

const [OURS = {}] = merge(undefined).Statement
const SAME: readonly (readonly [string, unknown])[] = [
  ['members in another order', Object.fromEntries(Object.entries(OURS).toReversed())],
  ['an action as a list', { ...OURS, Action: ['s3:GetObject'] }],
  ['everyone as AWS', { ...OURS, Principal: { AWS: '*' } }],
  ['resources in another order', { ...OURS, Resource: (OURS['Resource'] as string[]).toReversed() }],
]
for (const [name, statement] of SAME) {
  t.test(`nothing changes where S3 has it as: ${name}`, async (t) => {
    t.equal(mergeBucketPolicy(JSON.stringify({ Statement: statement }), at('prod')), undefined)
  })
}

const OTHER: readonly (readonly [string, object])[] = [
  ['a resource more', { Resource: ['arn:aws:s3:::issuers/*'] }],
  ['a condition', { Condition: { Bool: { 'aws:SecureTransport': 'true' } } }],
  ['another effect', { Effect: 'Deny' }],
  ['somebody', { Principal: { AWS: 'arn:aws:iam::111122223333:root' } }],
  ['others too', { Principal: { AWS: '*', Service: 'x' } }],
]
for (const [name, change] of OTHER) {
  t.test(`our statement is set right where it is it with: ${name}`, async (t) => {
    const before = { Sid: 'Before', Effect: 'Deny' }
    const after = { Sid: 'After', Effect: 'Deny' }
    t.strictSame(merge({ Version: '2008-10-17', Statement: [before, { ...OURS, ...change }, after] }), {
      Version: '2008-10-17',
      Statement: [before, OURS, after],
    })
  })
}

t.test('a policy that is no object is refused', async (t) => {
  for (const text of ['x', '[]', '1'])
    t.throws(() => mergeBucketPolicy(text, at('')), { message: /no JSON object/ })
})

t.test('property: statements of others stay as they are, and merging twice changes nothing', async () => {
  const prefix = fc.constantFrom('', 'a', 'b', 'a/b')
  const foreign = fc.array(
    fc.dictionary(fc.string(), fc.jsonValue()).map((value) => ({ ...value, Sid: 'Foreign' })),
  )
  fc.assert(
    fc.property(foreign, fc.array(prefix, { minLength: 1 }), (statements, prefixes) => {
      let text = JSON.stringify({ Statement: statements, Id: 'kept' })
      for (const name of prefixes) text = mergeBucketPolicy(text, at(name)) ?? text
      const merged = JSON.parse(text)
      const kept = JSON.stringify(merged.Statement.slice(0, statements.length))
      return (
        kept === JSON.stringify(statements) &&
        merged.Id === 'kept' &&
        merged.Statement.length === statements.length + new Set(prefixes).size &&
        prefixes.every((name) => mergeBucketPolicy(text, at(name)) === undefined)
      )
    }),
  )
})
