import t from 'tap'
import { buildAdmissionReview } from '../../../bench/reviews/admission-review.ts'

t.test('the review is 7.5 KB, as the published results say', (t) => {
  const bytes = Buffer.byteLength(JSON.stringify(buildAdmissionReview()))
  t.ok(Math.abs(bytes - 7_500) <= 100, `${bytes} bytes`)
  t.end()
})

t.test('the review is the same at every call', (t) => {
  t.equal(JSON.stringify(buildAdmissionReview()), JSON.stringify(buildAdmissionReview()))
  t.end()
})

t.test('the pod is one of a Deployment: no name, an init container, two containers, managedFields', (t) => {
  const { metadata, spec } = buildAdmissionReview().request.object
  t.notOk('name' in metadata)
  t.equal(metadata.managedFields.length, 1)
  t.equal(spec.initContainers.length, 1)
  t.equal(spec.containers.length, 2)
  t.end()
})
