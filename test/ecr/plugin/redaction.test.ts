import fc from 'fast-check'
import t from 'tap'
import { createRedactor } from '../../../src/ecr/plugin/redaction.ts'

const TOKEN = 'abcdef-0123456789.ghijkl_mnopqr.stuvwx-yz'

t.test('what was told is hidden, whole and in part', async (t) => {
  const redactor = createRedactor({})
  redactor.hide(TOKEN)
  t.equal(redactor.redact(`token ${TOKEN} is bad`), 'token [redacted] is bad')
  t.equal(redactor.redact(`token "${TOKEN.slice(5, 25)}…"`), 'token "[redacted]…"')
  t.equal(redactor.redact(`arn:aws:iam::111122223333:role/${TOKEN.slice(0, 20)}`), '[redacted]')
})

t.test('no part of 12 characters of a secret is left in any text around it', async () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(25), fc.nat(25), fc.string(), (before, start, extra, after) => {
      const redactor = createRedactor({})
      redactor.hide(TOKEN)
      const part = TOKEN.slice(start, start + 12 + extra)
      return part.length < 12 || !redactor.redact(`${before} ${part} ${after}`).includes(part)
    }),
  )
})

t.test('secrets of the environment are hidden', async (t) => {
  const { redact } = createRedactor({
    AWS_SECRET_ACCESS_KEY: 'env-secret',
    AWS_SESSION_TOKEN: 'env-token',
    HTTPS_PROXY: 'http://user:hunter2@proxy.example:3128',
  })
  t.equal(redact('env-secret env-token hunter2'), '[redacted] [redacted] [redacted]')
})

t.test('what looks like a key or token is hidden, though nobody told of it', async (t) => {
  const { redact } = createRedactor({})
  for (const text of [
    'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln',
    'wJalrXUtnFEMI/K7MDENG/bPxRfiCYtestsecret1',
    `IQoJb3JpZ2luX2Vj${'aB3/'.repeat(40)}==`,
  ]) {
    t.equal(redact(`got '${text}'.`).includes(text.slice(0, 20)), false, text)
  }
})

t.test('what people need to read stays', async (t) => {
  const { redact } = createRedactor({ AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYtestsecret1' })
  for (const text of [
    'User: arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_AdministratorAccess_0123456789abcdef/me@example.com is not authorized to perform: ecr:GetAuthorizationToken on resource: *',
    'cannot reach api.ecr.eu-central-1.amazonaws.com: ENOTFOUND; check the network, HTTPS_PROXY and AWS_ENDPOINT_URL',
    'cannot read the certificate /var/lib/kubelet/pki/kubelet-client-current.pem: there is no such file',
    '111122223333.dkr.ecr.us-east-1.amazonaws.com request 6f1c2d3e-0000-4000-8000-000000000001',
  ]) {
    t.equal(redact(text), text)
  }
})
