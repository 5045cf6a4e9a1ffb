import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import t from 'tap'
import { type DrainParts, drain, type Wait, waitByClock } from '../../../src/webhook/server/drain.ts'
import { createHttpsClient, RequestFailure } from '../../support/https-client.ts'
import { ECHO_REVIEWER, serveWebhook } from '../../support/served-webhook.ts'

const TIMINGS = { shutdownDelayMs: 5_000, shutdownTimeoutMs: 25_000 }

/** Records what a drain does, in order; `waits` resolve when the test says so. */
function recordDrain(close: () => Promise<void>) {
  const events: string[] = []
  const waits: { readonly finish: () => void; readonly signal: AbortSignal }[] = []
  const parts: DrainParts = {
    beginDraining: () => void events.push('begin draining'),
    close() {
      events.push('close')
      return close()
    },
    closeAllConnections: () => void events.push('cut'),
  }
  const wait: Wait = (durationMs, signal) => {
    events.push(`wait ${durationMs}`)
    return new Promise((finish) => waits.push({ finish, signal }))
  }
  return { events, waits, parts, wait }
}

t.test('serves on for the delay, then closes', async (t) => {
  const { events, waits, parts, wait } = recordDrain(() => Promise.resolve())
  const drained = drain(parts, TIMINGS, wait)
  t.same(events, ['begin draining', 'wait 5000'], 'nothing is closed before the delay is over')
  waits[0]?.finish()
  t.equal(await drained, 'finished')
  t.same(events, ['begin draining', 'wait 5000', 'close', 'wait 20000'])
  t.ok(waits[1]?.signal.aborted, 'no timer stays')
})

t.test('at the deadline, counted from the beginning, connections are cut', async (t) => {
  const { events, waits, parts, wait } = recordDrain(() => new Promise(() => undefined))
  const drained = drain(parts, TIMINGS, wait)
  for (const index of [0, 1]) {
    waits[index]?.finish()
    await new Promise(setImmediate)
  }
  t.equal(await drained, 'cut')
  t.same(events, ['begin draining', 'wait 5000', 'close', 'wait 20000', 'cut'])
})

t.test('the delay does not outlast the deadline', async (t) => {
  const { events, waits, parts, wait } = recordDrain(() => Promise.resolve())
  const drained = drain(parts, { shutdownDelayMs: 5_000, shutdownTimeoutMs: 1_000 }, wait)
  waits[0]?.finish()
  await drained
  t.same(events, ['begin draining', 'wait 1000', 'close', 'wait 0'])
})

t.test('a drain that cannot close says so', async (t) => {
  const { waits, parts, wait } = recordDrain(() => Promise.reject(new Error('on purpose')))
  const drained = drain(parts, TIMINGS, wait)
  waits[0]?.finish()
  await t.rejects(drained, { message: 'on purpose' })
})

t.test('the clock waits, and stops when told', async (t) => {
  const controller = new AbortController()
  const long = waitByClock(2 ** 30, controller.signal)
  await waitByClock(1, controller.signal)
  controller.abort()
  await long
  t.pass('both are over')
})

t.test('requests on reused connections see not one reset through a drain', async (t) => {
  const slowReview = Promise.withResolvers<void>()
  const { webhook, port, authority } = await serveWebhook(t, {
    reviewer: {
      ...ECHO_REVIEWER,
      async review(body) {
        if (body === 'slow') await slowReview.promise
        return ECHO_REVIEWER.review(body)
      },
    },
  })
  const clients = Array.from({ length: 10 }, () => createHttpsClient(port, authority.certificatePem))
  t.teardown(() => {
    for (const client of clients) client.close()
  })
  const answersAfterDrain = { count: 0, waitFor: 50, reached: Promise.withResolvers<void>() }
  let isDraining = false
  let isClosed = false

  /** Sends until no connection can be had any more; gives what was wrong until then. */
  const loads = clients.map(async (client) => {
    for (;;) {
      const wasDraining = isDraining
      try {
        const { statusCode, headers } = await client.postJson('/mutate', '1')
        if (statusCode !== 200) return `status ${statusCode}`
        if (!wasDraining) continue
        answersAfterDrain.count += 1
        if (answersAfterDrain.count === answersAfterDrain.waitFor) answersAfterDrain.reached.resolve()
        if (headers.connection !== 'close') return `connection: ${headers.connection} while draining`
      } catch (error) {
        return error instanceof RequestFailure && isClosed && !error.isReusedConnection
          ? undefined
          : String(error)
      }
    }
  })
  const slowClient = createHttpsClient(port, authority.certificatePem)
  t.teardown(() => slowClient.close())
  const slow = slowClient.postJson('/mutate', '"slow"')
  const parts: DrainParts = {
    beginDraining() {
      webhook.beginDraining()
      isDraining = true
    },
    close() {
      isClosed = true
      const closed = webhook.close()
      slowReview.resolve()
      return closed
    },
    closeAllConnections: () => t.fail('nothing is left to cut'),
  }
  await clients[0]?.postJson('/mutate', '1')
  const waits = [answersAfterDrain.reached.promise]
  const result = await drain(parts, TIMINGS, () => waits.shift() ?? new Promise(() => undefined))

  t.equal(result, 'finished')
  t.match(
    await slow,
    { statusCode: 200, headers: { connection: 'close' } },
    'a request under way is answered',
  )
  t.same(
    new Set(await Promise.all(loads)),
    new Set([undefined]),
    'only new connections fail, once it has closed',
  )
  t.ok(answersAfterDrain.count >= answersAfterDrain.waitFor)
})

t.test('connections that are left at the deadline are cut', async (t) => {
  const started = Promise.withResolvers<void>()
  const { webhook, client } = await serveWebhook(t, {
    reviewer: {
      ...ECHO_REVIEWER,
      review() {
        started.resolve()
        return new Promise(() => undefined)
      },
    },
  })
  const failed = t.rejects(client.postJson('/mutate', '1'), { code: 'ECONNRESET' })
  await started.promise
  t.equal(await drain(webhook, TIMINGS, () => Promise.resolve()), 'cut')
  await failed
})

t.test('signals', async (t) => {
  const script = new URL('../../support/draining-process.ts', import.meta.url).pathname
  for (const [ending, signals, exitCode, lastMessage] of [
    ['finished', ['SIGTERM'], 0, 'drained'],
    ['finished', ['SIGINT'], 0, 'drained'],
    ['cut', ['SIGTERM'], 1, 'shutdown timeout: connections that were still open are cut'],
    ['failed', ['SIGTERM'], 1, 'drain failed'],
    ['stuck', ['SIGTERM', 'SIGTERM'], 1, 'second signal: ending at once'],
    ['stuck', ['SIGINT', 'SIGTERM'], 1, 'second signal: ending at once'],
  ] as const) {
    await t.test(`a drain that is ${ending}, at ${signals.join(' and ')}`, async (t) => {
      const child = spawn(process.execPath, [script, ending], { stdio: ['ignore', 'pipe', 'inherit'] })
      t.teardown(() => child.kill('SIGKILL'))
      const messages = await sendSignals(child, signals)
      t.equal(messages.at(-1), lastMessage)
      t.equal(child.exitCode, exitCode)
    })
  }
})

/** Sends the first signal once the process is up, each other one when it drains; gives the log's messages. */
async function sendSignals(
  child: ChildProcess,
  signals: readonly NodeJS.Signals[],
): Promise<readonly string[]> {
  const exited = once(child, 'exit')
  const left = [...signals]
  const messages: string[] = []
  if (child.stdout === null) throw new Error('the output is not captured')
  for await (const line of createInterface({ input: child.stdout })) {
    if (line !== 'up') messages.push(JSON.parse(line).msg)
    if (line === 'up' || messages.at(-1) === 'draining') child.kill(left.shift())
  }
  await exited
  return messages
}
