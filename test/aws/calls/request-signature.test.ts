import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr'
import type { HttpRequest } from '@aws-sdk/types'
import fc from 'fast-check'
import t from 'tap'
import { signRequest } from '../../../src/aws/calls/request-signature.ts'

const RIGHT = { response: { statusCode: 200, headers: {}, body: Buffer.from('{}') } }

/** What the SDK sends to an endpoint. */
async function signWithSdk(endpoint: string, region: string, credentials: object): Promise<HttpRequest> {
  const sent: HttpRequest[] = []
  const client = new ECRClient({
    endpoint,
    region,
    credentials: credentials as { readonly accessKeyId: string; readonly secretAccessKey: string },
    requestHandler: {
      async handle(request: HttpRequest) {
        sent.push(request)
        return RIGHT
      },
    },
  })
  await client.send(new GetAuthorizationTokenCommand())
  const [request] = sent
  if (request === undefined) throw new Error('the SDK sent nothing')
  return request
}

const text = (pattern: RegExp) => fc.stringMatching(pattern)

t.test("signatures are the SDK's", async (t) => {
  const property = fc.asyncProperty(
    text(/^[A-Z0-9]{16,20}$/),
    text(/^[\w/+=]{1,60}$/),
    fc.option(text(/^[\w/+=]{1,300}$/), { nil: undefined }),
    text(/^[a-z]{2}-[a-z]{4,9}-[1-9]$/),
    text(/^(\/[a-z .!'()*~%20é@:]{1,8}){0,3}$/),
    async (accessKeyId, secretAccessKey, sessionToken, region, path) => {
      const endpoint = new URL(`http://127.0.0.1:8080${path}`).href
      const credentials = { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
      const { headers, path: sentPath, body } = await signWithSdk(endpoint, region, credentials)
      const header = (name: string) => String(headers[name])
      const authorization = header('authorization')
      const names = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(';') ?? []
      const added = ['host', 'x-amz-date', 'x-amz-security-token']
      const signed = names.filter((name) => !added.includes(name)).map((name) => [name, headers[name]])
      const date = header('x-amz-date').replace(
        /^(....)(..)(..T..)(..)(..Z)$/,
        (_, year, month, day, minute, second) => `${year}-${month}-${day}:${minute}:${second}`,
      )
      const ours = signRequest(
        {
          method: 'POST',
          url: new URL(sentPath, 'http://127.0.0.1:8080'),
          headers: Object.fromEntries(signed) as Record<string, string>,
          body: new TextDecoder().decode(body),
        },
        credentials,
        { region, service: 'ecr', date: new Date(date) },
      )
      return ours['authorization'] === authorization
    },
  )
  await fc.assert(property, { numRuns: 60 })
  t.pass('60 requests')
})
