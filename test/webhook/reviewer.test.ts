import t from 'tap'
import { type Account, NO_ANNOTATIONS } from '../../src/webhook/identity/account.ts'
import type { ReviewRecord } from '../../src/webhook/review-recorder.ts'
import { createReviewer } from '../../src/webhook/reviewer.ts'
import { podOf, reviewOf } from '../support/admission-review.ts'
import { DEFAULT_SETTINGS, ROLE_ARN } from '../support/mutation-settings.ts'

const WITH_ROLE: Account = {
  state: 'known',
  annotations: { ...NO_ANNOTATIONS, role: ROLE_ARN },
  mapping: undefined,
  hasContainerCredentials: false,
}

function reviewerFor(account: Account | (() => Account | Promise<Account>), isLookupStrict = false) {
  const records: ReviewRecord[] = []
  const asked: string[] = []
  const reviewer = createReviewer({
    accounts: {
      find: (namespace, name) => {
        asked.push(`${namespace}/${name}`)
        return typeof account === 'function' ? account() : account
      },
    },
    settings: DEFAULT_SETTINGS,
    areMappingsKnown: false,
    isLookupStrict,
    record: (record) => records.push(record),
    now: () => 0,
    random: () => 0,
  })
  return { reviewer, records, asked }
}

t.test('a pod whose ServiceAccount has a role is patched, in the request’s version', async (t) => {
  for (const apiVersion of ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1']) {
    const { reviewer, records, asked } = reviewerFor(WITH_ROLE)
    const answer = await reviewer.review({ ...reviewOf(podOf()), apiVersion })
    t.equal(answer.statusCode, 200)
    t.equal(answer.contentType, 'application/json')
    const { response, ...envelope } = JSON.parse(answer.body)
    t.strictSame(envelope, { apiVersion, kind: 'AdmissionReview' })
    const { patch, ...rest } = response
    t.strictSame(rest, {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      allowed: true,
      patchType: 'JSONPatch',
      auditAnnotations: {
        outcome: 'mutated',
        reason: 'role_annotation',
        method: 'web_identity',
        'role-arn': ROLE_ARN,
      },
    })
    t.equal(JSON.parse(Buffer.from(patch, 'base64').toString()).length, 3)
    t.strictSame(asked, ['shop/cart'])
    t.match(records, [{ reason: 'role_annotation', subject: { namespace: 'shop', pod: 'cart-7d4b9c6f5-' } }])
  }
})

t.test('a dry run is answered like any other', async (t) => {
  const { reviewer } = reviewerFor(WITH_ROLE)
  const wet = await reviewer.review(reviewOf(podOf()))
  const dry = await reviewer.review(reviewOf(podOf(), { dryRun: true }))
  t.strictSame(dry, wet)
})

t.test('a second run over what the first made has no patch', async (t) => {
  const { reviewer, records } = reviewerFor(WITH_ROLE)
  const mutated = podOf({
    volumes: [
      { name: 'aws-iam-token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
    ],
    containers: [
      {
        name: 'app',
        env: [{ name: 'AWS_ROLE_ARN' }, { name: 'AWS_WEB_IDENTITY_TOKEN_FILE' }],
        volumeMounts: [{ name: 'aws-iam-token', mountPath: '/x' }],
      },
    ],
  })
  const { response } = JSON.parse((await reviewer.review(reviewOf(mutated))).body)
  t.notHas(response, { patch: '' })
  t.notHas(response, { patchType: '' })
  t.match(records, [{ reason: 'already_injected' }])
})

t.test('pods that are left alone are not even looked up', async (t) => {
  const { reviewer, asked, records } = reviewerFor(WITH_ROLE)
  const labelled = {
    ...podOf(),
    metadata: { labels: { 'eks.amazonaws.com/skip-pod-identity-webhook': 'true' } },
  }
  await reviewer.review(reviewOf(labelled))
  await reviewer.review(reviewOf(null, { operation: 'DELETE' }))
  t.strictSame(asked, [])
  t.match(records, [{ reason: 'opted_out' }, { reason: 'not_a_creation' }])
})

const UNAVAILABLE: Account = {
  state: 'unavailable',
  cause: 'connection refused',
  hasContainerCredentials: false,
}

t.test(
  'a failed lookup admits the pod with a warning, or is HTTP 500 where lookups are strict',
  async (t) => {
    const lenient = reviewerFor(UNAVAILABLE)
    const { response } = JSON.parse((await lenient.reviewer.review(reviewOf(podOf()))).body)
    t.equal(response.allowed, true)
    t.match(response.warnings, [/ServiceAccount shop\/cart \(connection refused\) could not be looked up/])
    t.strictSame(response.auditAnnotations, { outcome: 'failed', reason: 'lookup_failed' })
    t.match(lenient.records, [{ reason: 'lookup_failed', cause: 'connection refused' }])

    const strict = reviewerFor(UNAVAILABLE, true)
    const answer = await strict.reviewer.review(reviewOf(podOf()))
    t.equal(answer.statusCode, 500)
    t.match(answer.body, /^the ServiceAccount could not be looked up: connection refused\n$/)
    t.match(strict.records, [{ reason: 'lookup_failed' }])
  },
)

t.test('a body that is no review is HTTP 400 with one line', async (t) => {
  const { reviewer, records } = reviewerFor(WITH_ROLE)
  const answer = await reviewer.review({ kind: 'Secret', data: { token: 'hunter2' } })
  t.strictSame(answer, {
    statusCode: 400,
    contentType: 'text/plain; charset=utf-8',
    body: 'kind is not AdmissionReview\n',
  })
  t.match(records, [{ reason: 'review_invalid' }])
})

t.test('a request that never became JSON is recorded and refused with its own status', async (t) => {
  const { reviewer, records } = reviewerFor(WITH_ROLE)
  t.equal(reviewer.reject('body_unreadable', 'the body is empty').statusCode, 400)
  t.equal(reviewer.reject('body_too_large', 'the body is over 7 MiB').statusCode, 413)
  t.equal(reviewer.reject('wrong_content_type', 'the content type is text/plain').statusCode, 415)
  t.strictSame(
    records.map(({ reason }) => reason),
    ['body_unreadable', 'body_too_large', 'wrong_content_type'],
  )
})

t.test('an error inside becomes HTTP 500 and one record, and nothing is thrown', async (t) => {
  const { reviewer, records } = reviewerFor(() => {
    throw new Error('broken store')
  })
  const answer = await reviewer.review(reviewOf(podOf()))
  t.equal(answer.statusCode, 500)
  t.notMatch(answer.body, /broken store/)
  t.match(records, [{ reason: 'internal_error', cause: /broken store/, subject: { namespace: 'shop' } }])
})

t.test('warnings fit what the API server passes on', async (t) => {
  const { reviewer } = reviewerFor({
    ...WITH_ROLE,
    annotations: { ...NO_ANNOTATIONS, role: `reader${'x'.repeat(3000)}` },
  })
  const { response } = JSON.parse((await reviewer.review(reviewOf(podOf()))).body)
  t.equal(response.warnings.length, 1)
  t.ok(response.warnings[0].length <= 256)
})

t.test('keys with a meaning in JavaScript do no harm', async (t) => {
  const { reviewer } = reviewerFor(WITH_ROLE)
  const body = JSON.parse(
    JSON.stringify(reviewOf(podOf({ 'x-marker': 1 }))).replace(
      '"x-marker":1',
      '"__proto__":{"containers":"x"},"constructor":{"prototype":{"polluted":true}}',
    ),
  )
  const answer = await reviewer.review(body)
  t.equal(answer.statusCode, 200)
  t.equal(({} as Record<string, unknown>)['polluted'], undefined)
})
