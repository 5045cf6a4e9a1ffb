import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { openConnections } from '../../../bench/load/connection-burst.ts'
import { chooseLoadTool, type LoadTool, runLoad } from '../../../bench/load/load.ts'
import { sampleProcess } from '../../../bench/measures/process-sample.ts'
import { buildAdmissionReview, REVIEW_UID } from '../../../bench/reviews/admission-review.ts'
import { createCertificates } from '../../../bench/servers/certificates.ts'
import { type Grounds, startBareServer } from '../../../bench/servers/contenders.ts'
import { findFreePort, startServer } from '../../../bench/servers/server-process.ts'

// The servers are watched through /proc.
const skip = process.platform !== 'linux' && 'needs Linux'
const cores = { server: 0, load: 0, arePinned: false }

function buildAnswer(patch: unknown): string {
  const response = {
    uid: REVIEW_UID,
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
  }
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response })
}

const ANSWER = buildAnswer([
  { op: 'add', path: '/x', value: [{ name: 'AWS_ROLE_ARN', value: 'arn:aws:iam::111122223333:role/cart' }] },
])

t.test('the pieces of a benchmark, with real servers and sockets', { skip }, async (t) => {
  const directory = t.testdir()
  const certificates = await createCertificates(directory)
  const grounds: Grounds = { directory, certificates, cores, nodeOptions: '' }
  const bodyPath = join(directory, 'review.json')
  writeFileSync(bodyPath, JSON.stringify(buildAdmissionReview()))

  await t.test('a server that does not become ready is reported with its command and its log', async (t) => {
    const port = await findFreePort()
    const command = {
      ...grounds,
      name: 'broken',
      arguments: ['-e', 'console.log("no certificate"); process.exit(1)'],
      readyUrl: `https://127.0.0.1:${port}/readyz`,
      ca: certificates.ca,
    }
    await t.rejects(startServer(command), {
      message: /^broken did not become ready: node -e .*\nno certificate$/,
    })
  })

  await t.test('a server whose answer patches no role in is refused', async (t) => {
    await t.rejects(startBareServer(grounds, 'roleless', buildAnswer([])), {
      message: /gave no patch with a role/,
    })
  })

  const bare = await startBareServer(grounds, 'bare', ANSWER)
  await using _ = bare.process

  await t.test('the bare server gives the answer that it was handed', async (t) => {
    t.equal(bare.answer, ANSWER)
  })

  const tools = new Set<LoadTool>(['autocannon', chooseLoadTool()])
  for (const tool of tools) {
    await t.test(`${tool} counts requests and latencies, and no failure of a healthy server`, async (t) => {
      const load = { url: bare.url, bodyPath, connections: 2, durationSeconds: 1 }
      const result = await runLoad(tool, load, cores)
      t.match(result, { badStatuses: 0, socketErrors: 0 })
      t.ok(result.requests > 10, `${result.requests} requests`)
      t.ok(result.p50Milliseconds > 0 && result.p50Milliseconds <= result.p99Milliseconds)
      t.ok(result.p99Milliseconds <= result.maxMilliseconds)
    })

    const misbehaviours = [
      ['badStatuses', (_: IncomingMessage, response: ServerResponse) => response.writeHead(500).end()],
      ['socketErrors', (request: IncomingMessage) => request.socket.destroy()],
    ] as const
    for (const [counter, listener] of misbehaviours) {
      await t.test(`${tool} counts the failures of a server as ${counter}`, async (t) => {
        const { certPath, keyPath } = certificates.pair
        const server = createServer({ cert: readFileSync(certPath), key: readFileSync(keyPath) }, listener)
        await once(server.listen(0, '127.0.0.1'), 'listening')
        const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/mutate`
        const result = await runLoad(tool, { url, bodyPath, connections: 2, durationSeconds: 1 }, cores)
        t.ok(result[counter] > 0, `${result[counter]} of ${result.requests}`)
        server.close()
        server.closeAllConnections()
      })
    }

    await t.test(`${tool} counts connections that are refused`, async (t) => {
      const url = `https://127.0.0.1:${await findFreePort()}/mutate`
      const load = { url, bodyPath, connections: 2, durationSeconds: 1 }
      const outcome = await runLoad(tool, load, cores).catch((error: Error) => error.message)
      if (typeof outcome === 'string') t.match(outcome, /failed/)
      else t.ok(outcome.socketErrors > 0)
    })
  }

  await t.test('connections of a burst are open together, and closed when it is closed', async (t) => {
    const before = sampleProcess(bare.pid).fileDescriptors
    const burst = await openConnections(new URL('/readyz', bare.url).href, certificates.ca, 30)
    t.equal(burst.failures, 0)
    t.ok(sampleProcess(bare.pid).fileDescriptors >= before + 30)
    burst.close()
  })
})
