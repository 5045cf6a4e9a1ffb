import t from 'tap'
import { addCertificates, holdsCertificates } from '../../scripts/cluster/ca-bundle.ts'
import { ClusterError } from '../../scripts/cluster/cluster-error.ts'
import { retryConflicts } from '../../scripts/cluster/conflict-retry.ts'
import { widenPermission } from '../../scripts/cluster/permissions.ts'
import { describeRegistration } from '../../scripts/cluster/registration.ts'

const describeCertificate = (body: string) =>
  `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`
const [FIRST, SECOND] = [describeCertificate('Zmlyc3Q='), describeCertificate('c2Vj\nb25k')] as const
const SECOND_IN_ONE_LINE = SECOND.replace('c2Vj\nb25k', 'c2Vjb25k')

t.test('a bundle holds a certificate, however its lines are broken', async (t) => {
  t.ok(holdsCertificates(FIRST + SECOND, SECOND_IN_ONE_LINE))
  t.notOk(holdsCertificates(FIRST, FIRST + SECOND))
  t.notOk(holdsCertificates(FIRST, ''), 'nobody is not somebody trusted')
})

t.test('a bundle gains what it lacks, and nothing else', async (t) => {
  t.equal(addCertificates('', FIRST), FIRST)
  t.equal(addCertificates(FIRST, SECOND), FIRST + SECOND)
  t.equal(addCertificates(FIRST + SECOND, SECOND_IN_ONE_LINE), FIRST + SECOND)
})

t.test('permissions gain what others have, until they are applied as they are', async (t) => {
  const describe = (...names: string[]) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'a' },
    subjects: names.map((namespace) => ({ kind: 'ServiceAccount', name: 'a', namespace })),
  })
  const wanted = describe('new')
  t.strictSame(widenPermission(wanted, describe('old')), describe('new', 'old'))
  t.equal(widenPermission(wanted, describe('new')), wanted)
})

t.test('entries for another Service say nothing of whom to trust', async (t) => {
  const describe = (namespace: string, caBundle?: string) => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'a' },
    webhooks: [{ name: 'a', clientConfig: { service: { namespace }, ...(caBundle && { caBundle }) } }],
  })
  const encode = (pem: string) => Buffer.from(pem).toString('base64')
  const current = {
    namespace: 'old',
    certificateMode: 'self-managed',
    configuration: describe('old', encode(FIRST)),
  } as const
  const trust = (namespace: string) =>
    describeRegistration(describe(namespace), current, SECOND).webhooks?.[0]?.clientConfig.caBundle
  t.equal(trust('old'), encode(FIRST + SECOND))
  t.equal(trust('new'), encode(SECOND))
})

t.test('a write is repeated where somebody else wrote in between, and nothing else is', async (t) => {
  const answers = ['Operation cannot be fulfilled on secrets "a": the object has been modified', 'forbidden']
  await t.rejects(
    retryConflicts(async () => {
      const message = answers.shift()
      if (message !== undefined) throw new ClusterError(message)
    }),
    { message: 'forbidden' },
  )
  t.strictSame(answers, [])
})
