/**
 * The yardstick: a bare `node:https` server that parses the body and answers the patch, and nothing else.
 *
 * `node bench/servers/bare-server.ts --port N --tls-cert FILE --tls-key FILE --answer FILE`, where the answer is the
 * AdmissionReview that the webhook gave, so that both write the same bytes.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8443' },
    'tls-cert': { type: 'string', default: '' },
    'tls-key': { type: 'string', default: '' },
    answer: { type: 'string', default: '' },
  },
})

const answer = readFileSync(values.answer, 'utf8')
const answeredUid: string = JSON.parse(answer).response.uid
const [beforeUid = '', afterUid = ''] = answer.split(answeredUid)

const server = createServer(
  {
    cert: readFileSync(values['tls-cert']),
    key: readFileSync(values['tls-key']),
    minVersion: 'TLSv1.2',
    keepAliveTimeout: 120_000,
  },
  (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (request.method !== 'POST') {
        response.end()
        return
      }
      const review = JSON.parse(Buffer.concat(chunks).toString('utf8'))
      const body = beforeUid + review.request.uid + afterUid
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      })
      response.end(body)
    })
  },
)
server.listen(Number(values.port), '127.0.0.1')
process.once('SIGTERM', () => process.exit())
