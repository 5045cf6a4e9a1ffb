import t from 'tap'
import { parseReview, ReviewError } from '../../../src/webhook/admission/review.ts'
import { podOf, reviewOf } from '../../support/admission-review.ts'

t.test('a review of either version is read', async (t) => {
  for (const apiVersion of ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1']) {
    const request = parseReview({ ...reviewOf(podOf()), apiVersion })
    t.match(request, {
      apiVersion,
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      namespace: 'shop',
      isDryRun: false,
      pod: { spec: { serviceAccountName: 'cart' } },
    })
  }
  t.equal(parseReview(reviewOf(podOf(), { dryRun: true })).isDryRun, true)
  t.equal(parseReview(reviewOf(podOf(), { dryRun: null })).isDryRun, false)
})

t.test('the pod is handed on as it is, not copied', async (t) => {
  const pod = podOf()
  t.equal(parseReview(reviewOf(pod)).pod, pod)
})

t.test('without an operation the request counts as a creation', async (t) => {
  t.ok(parseReview(reviewOf(podOf(), { operation: undefined })).pod)
})

t.test('other operations have no pod to look at', async (t) => {
  for (const operation of ['UPDATE', 'DELETE', 'CONNECT']) {
    t.equal(parseReview(reviewOf(null, { operation })).pod, undefined, operation)
  }
})

const UNREADABLE: readonly { name: string; body: unknown; message: string }[] = [
  { name: 'null', body: null, message: 'the body is not an object' },
  { name: 'a list', body: [], message: 'the body is not an object' },
  { name: 'a string', body: 'x', message: 'the body is not an object' },
  { name: 'no kind', body: { apiVersion: 'admission.k8s.io/v1' }, message: 'kind is not AdmissionReview' },
  {
    name: 'another kind',
    body: { ...reviewOf(podOf()), kind: 'Pod' },
    message: 'kind is not AdmissionReview',
  },
  {
    name: 'another version',
    body: { ...reviewOf(podOf()), apiVersion: 'admission.k8s.io/v2' },
    message: 'apiVersion is not one of admission.k8s.io/v1, admission.k8s.io/v1beta1',
  },
  {
    name: 'no request',
    body: { ...reviewOf(podOf()), request: undefined },
    message: 'request is missing',
  },
  {
    name: 'a null request',
    body: { ...reviewOf(podOf()), request: null },
    message: 'request is not an object',
  },
  { name: 'no uid', body: reviewOf(podOf(), { uid: undefined }), message: 'request.uid is missing' },
  { name: 'an empty uid', body: reviewOf(podOf(), { uid: '' }), message: 'request.uid is missing' },
  { name: 'a uid of digits', body: reviewOf(podOf(), { uid: 1 }), message: 'request.uid is not a string' },
  {
    name: 'no namespace',
    body: reviewOf(podOf(), { namespace: '' }),
    message: 'request.namespace is missing',
  },
  { name: 'no object', body: reviewOf(undefined), message: 'request.object is missing' },
  { name: 'a null object', body: reviewOf(null), message: 'request.object is not an object' },
  { name: 'text for an object', body: reviewOf('pod'), message: 'request.object is not an object' },
  {
    name: 'a Deployment',
    body: reviewOf({ ...podOf(), kind: 'Deployment' }),
    message: 'request.object is not a Pod',
  },
  {
    name: 'a request for another kind',
    body: reviewOf(podOf(), { kind: { group: 'apps', version: 'v1', kind: 'Deployment' } }),
    message: 'request.object is not a Pod',
  },
  {
    name: 'a Pod of another group',
    body: reviewOf(podOf(), { kind: { group: 'example.org', version: 'v1', kind: 'Pod' } }),
    message: 'request.object is not a Pod',
  },
]

for (const { name, body, message } of UNREADABLE) {
  t.test(`refused as no review: ${name}`, async (t) => {
    t.throws(() => parseReview(body), new ReviewError('review_invalid', message))
  })
}

const container = (fields: object) => podOf({ containers: [{ name: 'app' }, { name: 'b', ...fields }] })
const metadata = (fields: object) => ({ ...podOf(), metadata: fields })

const MALFORMED: readonly { pod: unknown; message: string }[] = [
  { pod: { kind: 'Pod' }, message: 'spec is not an object' },
  { pod: { kind: 'Pod', spec: [] }, message: 'spec is not an object' },
  { pod: podOf({ containers: {} }), message: 'spec.containers is not a list' },
  { pod: podOf({ containers: ['app'] }), message: 'spec.containers[0] is not an object' },
  { pod: podOf({ containers: [{}] }), message: 'spec.containers[0].name is not a string' },
  { pod: podOf({ initContainers: 'x' }), message: 'spec.initContainers is not a list' },
  { pod: container({ name: 7 }), message: 'spec.containers[1].name is not a string' },
  { pod: container({ env: {} }), message: 'spec.containers[1].env is not a list' },
  { pod: container({ env: [{ value: 'x' }] }), message: 'spec.containers[1].env[0].name is not a string' },
  { pod: container({ env: [null] }), message: 'spec.containers[1].env[0] is not an object' },
  { pod: container({ volumeMounts: 1 }), message: 'spec.containers[1].volumeMounts is not a list' },
  {
    pod: container({ volumeMounts: [{ name: 'x' }] }),
    message: 'spec.containers[1].volumeMounts[0].mountPath is not a string',
  },
  { pod: podOf({ volumes: {} }), message: 'spec.volumes is not a list' },
  { pod: podOf({ volumes: [{}] }), message: 'spec.volumes[0].name is not a string' },
  {
    pod: podOf({ volumes: [{ name: 'x', projected: [] }] }),
    message: 'spec.volumes[0].projected is not an object',
  },
  {
    pod: podOf({ volumes: [{ name: 'x', projected: { sources: [1] } }] }),
    message: 'spec.volumes[0].projected.sources[0] is not an object',
  },
  { pod: podOf({ serviceAccountName: 7 }), message: 'spec.serviceAccountName is not a string' },
  { pod: podOf({ nodeSelector: [] }), message: 'spec.nodeSelector is not an object' },
  { pod: podOf({ nodeSelector: { a: 1 } }), message: 'spec.nodeSelector has a value that is not a string' },
  { pod: metadata([]), message: 'metadata is not an object' },
  { pod: metadata({ name: 7 }), message: 'metadata.name is not a string' },
  { pod: metadata({ labels: 'x' }), message: 'metadata.labels is not an object' },
  {
    pod: metadata({ annotations: { a: null } }),
    message: 'metadata.annotations has a value that is not a string',
  },
]

for (const { pod, message } of MALFORMED) {
  t.test(`refused as malformed: ${message}`, async (t) => {
    t.throws(() => parseReview(reviewOf(pod)), new ReviewError('pod_malformed', `request.object: ${message}`))
  })
}

t.test('null counts as absent', async (t) => {
  const pod = {
    kind: 'Pod',
    metadata: null,
    spec: {
      serviceAccountName: null,
      nodeSelector: null,
      initContainers: null,
      containers: [{ name: 'app', env: null, volumeMounts: null }],
      volumes: null,
    },
  }
  t.equal(parseReview(reviewOf(pod)).pod, pod)
})
