import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr'
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import fc from 'fast-check'
import t from 'tap'
import { readJsonReply, readXmlReply } from '../../../src/aws/calls/service-reply.ts'

const CREDENTIALS = { accessKeyId: 'a', secretAccessKey: 'b' }
const NAMES = ['AccessKeyId', 'SecretAccessKey', 'SessionToken'] as const

/** What clients of the SDK are made with so that they get this reply. */
function answerWith(status: number, body: string) {
  return {
    region: 'us-east-1',
    credentials: CREDENTIALS,
    maxAttempts: 1,
    requestHandler: {
      handle: async () => ({ response: { statusCode: status, headers: {}, body: Buffer.from(body) } }),
    },
  }
}

function writeXml(text: string): string {
  const escapes: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    '\r': '&#xD;',
  }
  return text.replaceAll(/[&<>"\r]/g, (character) => escapes[character] ?? character)
}

const words = fc.stringMatching(/^[\w/+=<>&"'#;é€ -]{1,80}$/).filter((text) => text.trim() === text)

t.test("STS's answers are read as by the SDK", async (t) => {
  const property = fc.asyncProperty(words, words, words, async (id, secret, token) => {
    const values = [id, secret, token]
    const elements = NAMES.map((name, index) => `<${name}>${writeXml(values[index] ?? '')}</${name}>`)
    const action = 'AssumeRoleWithWebIdentity'
    const body = `<?xml version="1.0"?>\n<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n<${action}Result>\n<Credentials>\n${elements.join('\n')}\n<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></${action}Result></${action}Response>`
    const input = { RoleArn: 'r', RoleSessionName: 's', WebIdentityToken: 't' }
    const client = new STSClient(answerWith(200, body))
    const { Credentials } = await client.send(new AssumeRoleWithWebIdentityCommand(input))
    const ours = readXmlReply({ status: 200, headers: {}, body }, `${action}Response`, NAMES)
    t.match(Credentials, ours)
    t.same(ours, { AccessKeyId: id, SecretAccessKey: secret, SessionToken: token })
  })
  await fc.assert(property, { numRuns: 50 })
})

t.test("STS's errors have its code and words", async (t) => {
  const body =
    '<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>a &amp; &#98; &#x63; &bogus; &#x110000;</Message></Error></ErrorResponse>'
  t.throws(() => readXmlReply({ status: 403, headers: {}, body }, 'Response', NAMES), {
    code: 'AccessDenied',
    words: 'a & b c &bogus; &#x110000;',
    message: /^AccessDenied: .* \(HTTP 403\)$/,
  })
  for (const [status, text] of [
    [200, '<html>'],
    [403, '<html>'],
    [200, body],
    [302, '<Response>'],
  ] as const) {
    const reply = { status, headers: {}, body: text }
    t.throws(() => readXmlReply(reply, 'Response', NAMES), {
      name: 'UnreadableReplyError',
      message: `the answer cannot be read (HTTP ${status})`,
    })
  }
})

t.test("ECR's errors are named as by the SDK", async (t) => {
  const rows = [
    { __type: 'AccessDeniedException', message: 'no' },
    { __type: 'com.amazonaws.ecr#ServerException', message: 'no' },
    { __type: 'ThrottlingException:http://aws.test/', Message: 'slow' },
    { code: 'InvalidParameterException', message: 'x' },
    { __type: 'OneException', code: 'OtherException', message: 'x' },
    { __type: 'SilentException' },
  ]
  for (const row of rows) {
    const body = JSON.stringify(row)
    const client = new ECRClient(answerWith(400, body))
    const theirs = await client.send(new GetAuthorizationTokenCommand()).then(
      () => t.fail('the SDK took it'),
      (error: Error) => error,
    )
    const { name, message } = theirs as Error
    t.throws(() => readJsonReply({ status: 400, headers: {}, body }), { code: name, words: message }, body)
  }
  const headers = { 'x-amzn-errortype': 'DeniedException:' }
  t.throws(() => readJsonReply({ status: 403, headers, body: '' }), { code: 'DeniedException' })
  for (const body of ['', 'null', '5', '{', '"x"', '{}', '{"__type":5}']) {
    t.throws(() => readJsonReply({ status: 500, headers: {}, body }), { name: 'UnreadableReplyError' }, body)
  }
})
