import { X509Certificate } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'node:tls'
import t, { type Test } from 'tap'
import { createTestAuthority, issueTestCertificate } from './support/certificates.ts'
import { poll } from './support/daemon.ts'
import { createEventTable } from './support/event-table.ts'
import { SERVICE_NAMES } from './support/installation.ts'
import { mountCertificate } from './support/mounted-certificate.ts'
import { type PodStream, startPodStream } from './support/pod-stream.ts'
import { openScene, type Scene } from './support/scene.ts'
import { waitUntilCalled } from './support/webhook-registration.ts'

const PODS_PER_SECOND = 30
/** A minute of them, and the first event after five seconds. */
const POD_COUNT = 1_800
const FIRST_EVENT_COUNT = 150
const EVENT_TIMEOUT_MS = 60_000
/** Twice a minute of pods, and two control planes. */
const TIMEOUT_MS = 280_000

const skip = process.getuid?.() === 0 ? false : 'to listen on port 443 of the Service takes root'

t.setTimeout(TIMEOUT_MS)
// When all is over, Node 26.10 with tap's module hooks spins for ever as it frees what an API server that went away has left
// (node::Environment::CleanupHandles). Ending by exit() skips that.
process.once('beforeExit', () => process.exit())

interface SceneEvent {
  readonly name: string
  happen(scene: Scene, stream: PodStream): Promise<void>
}

const ROLLING_RESTART: SceneEvent = {
  name: 'both replicas are restarted, one after the other',
  happen: (scene) => scene.restartReplicas(),
}

t.test('no pod is missed while certificates from files are replaced', { skip }, async (t) => {
  const authority = await createTestAuthority('first')
  const files = await mountCertificate(
    await mkdtemp(join(t.testdir(), 'certificate-')),
    await issueTestCertificate(authority, SERVICE_NAMES),
  )
  const scene = await openScene(t, [
    '--in-cluster=false',
    `--tls-cert=${files.certificatePath}`,
    `--tls-key=${files.privateKeyPath}`,
  ])
  const serve = async (issuer: typeof authority) => {
    const pair = await issueTestCertificate(issuer, SERVICE_NAMES)
    await files.replace(pair)
    await waitUntilServed(scene, pair.certificatePem)
  }
  await scene.installation.register(authority.certificatePem)
  await runThrough(t, scene, [
    ROLLING_RESTART,
    { name: 'another certificate of the same CA', happen: () => serve(authority) },
    restartApiServer(t),
    {
      name: 'another CA: trusted beside the old one, then used, then alone',
      async happen({ installation }, stream) {
        const next = await createTestAuthority('next')
        await installation.register(authority.certificatePem + next.certificatePem)
        await stream.waitForMore(2 * PODS_PER_SECOND)
        await serve(next)
        await installation.register(next.certificatePem)
      },
    },
    ROLLING_RESTART,
  ])
})

t.test('no pod is missed while self-managed certificates and their CA rotate', { skip }, async (t) => {
  // Two thirds of the CA's life are over while pods are created, and three leaves are made of each CA.
  const scene = await openScene(t, [
    '--in-cluster=true',
    '--ca-lifetime=60s',
    '--leaf-lifetime=20s',
    '--ca-overlap=5s',
  ])
  await scene.installation.register()
  const first = await readAuthority(scene)
  await runThrough(t, scene, [
    ROLLING_RESTART,
    restartApiServer(t),
    {
      name: 'the CA has come to two thirds of its life and the next one takes over',
      async happen() {
        const isNext = async () => (await readAuthority(scene)) !== first || undefined
        if (!(await poll(isNext, EVENT_TIMEOUT_MS))) throw new Error('the CA stayed')
      },
    },
    ROLLING_RESTART,
  ])
})

function restartApiServer(t: Test): SceneEvent {
  return {
    name: 'etcd is compacted while the API server restarts',
    async happen(scene) {
      await scene.restartApiServer()
      const labels = { resource: 'serviceaccounts', cause: 'expired' }
      const expired = await scene.readMetric('pod_identity_webhook_watch_restarts_total', labels)
      t.ok(expired > 0, `watches could not go on (410) and listed again: ${expired}`)
    },
  }
}

/** Creates pods while the events happen, evenly spread, and expects each pod to be created with its credentials. */
async function runThrough(t: Test, scene: Scene, events: readonly SceneEvent[]): Promise<void> {
  const namespace = 'no-pod-missed'
  await scene.cluster.createNamespace(namespace)
  await waitUntilCalled(scene.cluster, namespace)
  const stream = startPodStream(scene.cluster.connection, { namespace, podsPerSecond: PODS_PER_SECOND })
  t.teardown(() => stream.stop())
  const table = createEventTable(() => stream.tally)
  table.note('pods are created')
  const countBetween = Math.floor((POD_COUNT - FIRST_EVENT_COUNT) / (events.length + 1))
  for (const [index, event] of events.entries()) {
    await stream.waitForCount(FIRST_EVENT_COUNT + index * countBetween)
    table.note(event.name)
    await event.happen(scene, stream)
    table.note('over')
  }
  await stream.waitForCount(POD_COUNT)
  await stream.stop()
  // For people: the reporter keeps comments to itself.
  process.stderr.write(`${[t.name, ...table.render()].join('\n  ')}\n`)
  t.match(stream.tally, { withoutCredentials: 0, refusedByWebhook: 0, failed: 0 }, stream.failures[0] ?? '')
}

/** The certificate of the CA that signs now. */
async function readAuthority({ cluster, installation }: Scene): Promise<string> {
  const path = `/api/v1/namespaces/${installation.namespace}/secrets/pod-identity-webhook`
  const { data } = await cluster.client.get<{ data?: Record<string, string> }>(path)
  return Buffer.from(data?.['tls.crt'] ?? '', 'base64').toString()
}

async function waitUntilServed(scene: Scene, certificatePem: string): Promise<void> {
  const { fingerprint256 } = new X509Certificate(certificatePem)
  const isServed = async () => {
    const served = await Promise.all(scene.listReplicas().map(({ port }) => readFingerprint(port)))
    return served.every((fingerprint) => fingerprint === fingerprint256) || undefined
  }
  if (!(await poll(isServed, EVENT_TIMEOUT_MS))) throw new Error('the new certificate is not served')
}

async function readFingerprint(port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
    resolve(socket.getPeerX509Certificate()?.fingerprint256)
    socket.destroy()
  }).on('error', () => resolve(undefined))
  return promise
}
