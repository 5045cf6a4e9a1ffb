import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { providePythonEnvironment } from '../aws/python-environment.ts'
import { startDaemon, waitForDaemon } from './support/daemon.ts'
import { findFreePorts } from './support/free-port.ts'
import { verifyWithPublished } from './support/issuer-sts.ts'
import { type IssuerWorld, looksLikeToken, openIssuerWorld, REGION } from './support/issuer-world.ts'
import { findWebhookScript, readMetric } from './support/webhook.ts'

const BUCKET = 'rotation-oidc'
const KEYS = 'pod_identity_webhook_oidc_sync_keys'
/** Longer than it takes to look at the metrics once, shorter than anybody likes to wait. */
const RETIRE_AFTER = '5s'
const STEP_TIMEOUT_MS = 20_000

const python = providePythonEnvironment('moto')
if ('missing' in python) t.plan(0, python.missing)
else await t.test('keys rotate and no token is refused', (t) => rotateKeys(t, python.binFolder))

async function rotateKeys(t: Test, motoBinFolder: string) {
  const world = await openIssuerWorld(t, { motoBinFolder, bucket: BUCKET })
  const { cluster, controlPlane } = world
  await cluster.createNamespace('shop')
  const sync = await startSync(t, world)
  await sync.waitUntilPublished({ current: 1, retiring: 0 })
  const watch = watchTokens(t, world)

  await t.test('a key that the API server only knows is published before it signs', async (t) => {
    t.equal((await watch.addToken()).length, 1)
    await controlPlane.addTokenKey()
    await restartApiServer(world)
    await sync.waitUntilPublished({ current: 2, retiring: 0 })
    t.match(await sync.get('/healthz'), { status: 200 })
    t.match(await sync.get('/readyz'), { status: 200 })
  })

  await t.test('tokens of both keys verify while the new one signs', async (t) => {
    await controlPlane.signWithNewestTokenKey()
    await restartApiServer(world)
    t.equal((await watch.addToken()).length, 2, 'the union is published')
  })

  await t.test(
    'the old key stays for --retire-after once the API server forgot it, and leaves',
    async (t) => {
      await controlPlane.forgetOldTokenKeys()
      await restartApiServer(world)
      await sync.waitUntilPublished({ current: 1, retiring: 1 })
      const { failures, counts, oldest, newest } = await watch.stop()
      t.strictSame(failures, [], `every token verified at every moment, ${counts.join(' and ')} times`)
      t.ok(Math.min(...counts) > 10)
      t.equal((await verifyWithPublished(world.storage, world.issuerUrl, oldest)).kids.length, 2)
      await sync.waitUntilPublished({ current: 1, retiring: 0 })
      await t.rejects(verifyWithPublished(world.storage, world.issuerUrl, oldest), /no applicable key/)
      t.equal((await verifyWithPublished(world.storage, world.issuerUrl, newest)).kids.length, 1)
    },
  )

  await t.test('no line of its log has a token in it', async (t) => {
    t.same(await sync.stop(), { code: 0, signal: null })
    t.ok(sync.lines.some((line) => line.includes('"changed"')))
    t.notOk(looksLikeToken(sync.lines.join('\n')))
  })
}

async function restartApiServer({ controlPlane }: IssuerWorld): Promise<void> {
  await controlPlane.stopApiServer()
  await controlPlane.startApiServer()
}

/** Starts `oidc sync` and waits until it answers. */
async function startSync(t: Test, { bucket, env, folder }: IssuerWorld) {
  const [port = 0] = await findFreePorts(1)
  const lines: string[] = []
  const flags = [`--bucket=${bucket}`, `--region=${REGION}`, '--interval=200ms', `--metrics-port=${port}`]
  const daemon = await startDaemon({
    name: 'oidc sync',
    command: process.execPath,
    args: [findWebhookScript(), 'oidc', 'sync', ...flags, `--retire-after=${RETIRE_AFTER}`],
    logPath: join(folder, 'sync.log'),
    env,
    onLine: (line) => lines.push(line),
  })
  t.teardown(() => daemon.stop())
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    return { status: response.status, body: await response.text() }
  }
  return {
    lines,
    get,
    stop: () => daemon.stop(),
    /** Resolves once the last round was well and found so many keys. */
    waitUntilPublished: (wanted: { readonly current: number; readonly retiring: number }) =>
      waitForDaemon(
        daemon,
        `at ${JSON.stringify(wanted)} keys`,
        async () => {
          const { body } = await get('/metrics').catch(() => ({ body: '' }))
          const isThere = Object.entries(wanted).every(
            ([state, count]) => body.includes(KEYS) && readMetric(body, KEYS, { state }) === count,
          )
          return isThere || undefined
        },
        STEP_TIMEOUT_MS,
      ),
  }
}

/** Verifies all tokens that were added with what is published, again and again. */
function watchTokens(t: Test, { storage, issuerUrl, requestToken }: IssuerWorld) {
  const tokens: string[] = []
  const counts: number[] = []
  const failures: string[] = []
  const stopping = new AbortController()
  const run = async () => {
    while (!stopping.signal.aborted) {
      for (const [index, token] of tokens.entries()) {
        await verifyWithPublished(storage, issuerUrl, token).catch((error: Error) =>
          failures.push(`token ${index + 1}: ${error.message}`),
        )
        counts[index] = (counts[index] ?? 0) + 1
      }
      await setTimeout(20)
    }
  }
  const running = run()
  const stop = async () => {
    stopping.abort()
    await running
    const [oldest = '', newest = ''] = tokens
    return { failures, counts, oldest, newest }
  }
  t.teardown(stop)
  return {
    stop,
    /** Asks the API server for another one, which must verify at once; gives the kids that were published then. */
    async addToken(): Promise<readonly string[]> {
      const token = await requestToken({ namespace: 'shop', name: 'default' })
      tokens.push(token)
      return (await verifyWithPublished(storage, issuerUrl, token)).kids
    },
  }
}
