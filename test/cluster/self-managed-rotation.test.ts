import t from 'tap'
import { SYSTEM_TIMING } from '../../src/kubernetes/timing.ts'
import { createCertificateAuthority } from '../../src/webhook/certificates/certificate-authority.ts'
import { startCertificateReplica } from '../support/certificate-replica.ts'
import { useCluster } from './support/cluster.ts'
import { poll } from './support/daemon.ts'
import { install } from './support/self-managed-installation.ts'
import { ask, postReviews, startReplicas, waitUntilReady } from './support/self-managed-replica.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

// An authority's whole life, of half a minute.
t.setTimeout(120_000)

const cluster = await useCluster(t)

t.test('an authority and its certificates come to their end without a review that fails', async (t) => {
  const installation = await install(t, cluster, 'self-managed-rotation')
  const replicas = await startReplicas(t, cluster, installation, {
    count: 2,
    flags: ['--ca-lifetime=33s', '--leaf-lifetime=10s', '--ca-overlap=2s'],
  })
  const ports = replicas.map(({ port }) => port)
  t.ok(await waitUntilReady(installation, ports))
  const first = (await installation.readSecret())?.['tls.crt'] ?? ''
  const reviews = postReviews(t, installation, ports)
  const bundleSizes = new Set<number>()
  const isOver = await poll(async () => {
    const bundle = await installation.readTrustedPem()
    bundleSizes.add(bundle.match(/BEGIN CERTIFICATE/g)?.length ?? 0)
    return !bundle.includes(first.trim()) || undefined
  }, 60_000)
  t.ok(isOver, 'the first authority left the caBundle')
  t.strictSame([...bundleSizes], [1, 2], 'after a time in which both were trusted')
  const { count, failures } = await reviews.stop()
  t.ok(count > 50, `${count} reviews were posted meanwhile`)
  t.strictSame(failures, [], 'and each was answered')
  const messages = replicas.flatMap(({ lines }) => lines.map(({ msg }) => msg))
  for (const step of [/is introduced/, /signs from now on/, /no longer trusted/])
    t.equal(messages.filter((message) => step.test(message)).length, 1, `${step}: once in all`)
  t.ok(
    messages.filter((message) => message === 'serving certificate replaced').length >= 6,
    'certificates were renewed on the way',
  )
})

t.test('replicas whose clocks are 5 minutes apart from the API server’s agree and are trusted', async (t) => {
  const installation = await install(t, cluster, 'self-managed-clocks')
  const lifetimes = { authorityMs: 365 * DAY_MS, leafMs: 30 * DAY_MS, overlapMs: 2_000 }
  const replicas = await Promise.all(
    [-5, 0, 5].map((minutes) =>
      startCertificateReplica(t, {
        ...installation,
        webhookConfigurationName: installation.namespace,
        lifetimes,
        timing: { ...SYSTEM_TIMING, wallTimeMs: () => Date.now() + minutes * MINUTE_MS },
      }),
    ),
  )
  const ports = replicas.map(({ port }) => port)
  t.ok(await waitUntilReady(installation, ports))
  const count = (pattern: RegExp) =>
    replicas.flatMap(({ lines }) => lines).filter(({ msg }) => pattern.test(msg)).length
  t.equal(count(/authority created/), 1)

  const reviews = postReviews(t, installation, ports)
  const next = await createCertificateAuthority({
    commonName: 'next',
    notBefore: new Date(),
    notAfter: new Date(Date.now() + 365 * DAY_MS),
  })
  await installation.writeSecret({ 'next.crt': next.certificatePem, 'next.key': next.privateKeyPem })
  const hasSwitched = await poll(async () => {
    const target = { serverName: installation.serverName, ca: next.certificatePem }
    const answers = await Promise.all(ports.map((port) => ask({ ...target, port }, '/')))
    return answers.every((answer) => 'status' in answer) || undefined
  }, 30_000)
  t.ok(hasSwitched, 'all serve with the authority that was put there to be the next')
  t.strictSame((await reviews.stop()).failures, [], 'and no review failed')
  t.equal(count(/signs from now on/), 1, 'one of them promoted it')
  t.equal(count(/cannot be used|adopted/), 0, 'no clock made anybody distrust an authority')
})
