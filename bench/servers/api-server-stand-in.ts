/**
 * An API server that knows one ServiceAccount, with a role: `node bench/servers/api-server-stand-in.ts`.
 *
 * Prints its URL and authority as one line of JSON. It runs on the load's core, so what it takes is not the webhook's.
 */
import { FakeApiServer } from '../../test/support/fake-api-server.ts'
import { NAMESPACE, SERVICE_ACCOUNT } from '../reviews/admission-review.ts'

const server = await FakeApiServer.start()
const annotations = {
  'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/shop-cart',
  'eks.amazonaws.com/sts-regional-endpoints': 'true',
}
server.put('serviceaccounts', { namespace: NAMESPACE, name: SERVICE_ACCOUNT, annotations })
// It remembers each request, for tests.
setInterval(() => {
  server.requests.length = 0
}, 1000)
process.once('SIGTERM', () => process.exit())
process.stdout.write(`${JSON.stringify({ url: server.url, ca: server.ca })}\n`)
