import { EventEmitter, once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import type { IssuedPair } from '../../../src/webhook/certificates/certificate-authority.ts'
import { CertificateFiles } from '../../../src/webhook/certificates/certificate-files.ts'
import type { ServingPair } from '../../../src/webhook/certificates/serving-pair.ts'
import {
  createTestAuthority,
  HOUR_MS,
  issueLocalPair,
  pathsIn,
  writePair,
} from '../../support/certificates.ts'
import { createRecordedLog } from '../../support/recorded-log.ts'
import { readMetric } from '../../support/served-webhook.ts'

const authority = await createTestAuthority()
const first = await issueLocalPair(authority)
const second = await issueLocalPair(authority)

/** Files that are looked at when `check` is called, and whenever the system hints at a change. */
async function watchPair(t: Test, pair: Partial<IssuedPair>, now = () => new Date()) {
  const folder = t.testdir({})
  await writePair(folder, pair)
  const { logger, lines } = await createRecordedLog()
  const metrics = createMetrics({ collectNodeMetrics: false })
  const taken: ServingPair[] = []
  const changes = new EventEmitter()
  const files = new CertificateFiles({
    ...pathsIn(folder),
    logger,
    metrics,
    now,
    onChange(servingPair) {
      taken.push(servingPair)
      changes.emit('taken', servingPair)
    },
    pollIntervalMs: 2 ** 30,
  })
  // Watching keeps no process alive: in the product, the listening server does.
  const alive = setInterval(() => undefined, 2 ** 30)
  t.teardown(async () => {
    clearInterval(alive)
    await files.close()
  })
  await files.start()
  const countReloads = (result: string) => readMetric(metrics.certificateReloads, { result })
  const errors = () => lines.filter(({ level }) => level === 'error')
  return { folder, files, taken, changes, errors, lines, metrics, countReloads }
}

t.test('a good pair is taken at the start', async (t) => {
  const { files, taken, errors, metrics, countReloads } = await watchPair(t, first)
  t.match(taken, [first])
  t.same(files.pendingReasons(), [])
  t.same(errors(), [])
  t.equal(await readMetric(metrics.certificateNotAfter), Number(taken[0]?.notAfter) / 1000)
  t.equal(await countReloads('success'), 0, 'nothing was replaced')
})

t.test('a new pair replaces the old one, once', async (t) => {
  const { folder, files, taken, lines, metrics, countReloads } = await watchPair(t, first)
  await writePair(folder, second)
  await files.check()
  await files.check()
  t.match(taken, [first, second])
  t.equal(await countReloads('success'), 1)
  t.equal(await readMetric(metrics.certificateNotAfter), Number(taken[1]?.notAfter) / 1000)
  t.match(lines.at(-1), { level: 'info', msg: 'serving certificate replaced', notAfter: /^20/ })
})

t.test('a change is seen without anybody asking', async (t) => {
  const { folder, changes } = await watchPair(t, first)
  const seen = once(changes, 'taken')
  await writePair(folder, second)
  t.match(await seen, [second])
})

t.test('what cannot be served never replaces a good pair and is reported once', async (t) => {
  const expired = await issueLocalPair(authority, { startsInMs: -2 * HOUR_MS, endsInMs: -HOUR_MS })
  const future = await issueLocalPair(authority, { startsInMs: HOUR_MS })
  const rsa = await issueLocalPair(authority, { keyKind: 'rsa2048' })
  for (const [name, bad] of [
    ['another key', { privateKeyPem: second.privateKeyPem }],
    ['a certificate of another kind', { certificatePem: rsa.certificatePem }],
    ['expired', expired],
    ['not valid yet', future],
    ['garbage', { certificatePem: 'garbage', privateKeyPem: 'garbage' }],
    ['half-written', { certificatePem: first.certificatePem.slice(0, 300) }],
    ['empty', { certificatePem: '', privateKeyPem: '' }],
  ] as const satisfies readonly (readonly [string, Partial<IssuedPair>])[]) {
    await t.test(name, async (t) => {
      const { folder, files, taken, errors, countReloads } = await watchPair(t, first)
      await writePair(folder, bad)
      await files.check()
      await files.check()
      t.match(taken, [first], 'the good one stays')
      t.same(files.pendingReasons(), [], 'and is still good')
      t.match(errors(), [{ msg: /the last good one stays/, problem: /tls\.crt: the (certificate|key) / }])
      t.equal(await countReloads('failure'), 1)

      await writePair(folder, second)
      await files.check()
      t.match(taken, [first, second], 'the next good one is taken')
    })
  }
})

t.test('files that are gone do not take the good pair along', async (t) => {
  const { folder, files, taken, errors } = await watchPair(t, first)
  await rm(pathsIn(folder).privateKeyPath)
  await files.check()
  t.match(errors(), [{ problem: /tls\.key: there is no such file/ }])
  t.same(files.pendingReasons(), [])
  await writePair(folder, first)
  await files.check()
  t.equal(taken.length, 1, 'the same pair again is no change')
})

t.test('key and certificate written one after the other heal', async (t) => {
  const { folder, files, taken } = await watchPair(t, first)
  const { certificatePath, privateKeyPath } = pathsIn(folder)
  await writeFile(privateKeyPath, second.privateKeyPem)
  await files.check()
  t.match(taken, [first])
  await writeFile(certificatePath, second.certificatePem)
  await files.check()
  t.match(taken, [first, second])
})

t.test('without a pair at the start it waits, unready, and says so once', async (t) => {
  const { folder, files, taken, errors } = await watchPair(t, {})
  t.match(files.pendingReasons(), [/tls\.crt: there is no such file/])
  await files.check()
  t.match(errors(), [{ msg: /not ready until there is a good pair/ }])
  await writePair(folder, first)
  await files.check()
  t.match(taken, [first])
  t.same(files.pendingReasons(), [])
})

t.test('a pair that is not valid yet is taken when it is', async (t) => {
  // Certificates know whole seconds: at most two from now.
  const soon = await issueLocalPair(authority, { startsInMs: 2_000 })
  const { files, changes, taken } = await watchPair(t, soon)
  t.match(files.pendingReasons(), [/not valid before/])
  if (taken.length === 0) await once(changes, 'taken')
  t.match(taken, [soon])
})

t.test('a certificate that expires while it is served makes the process unready', async (t) => {
  let nowTime = new Date()
  const { folder, files } = await watchPair(t, first, () => nowTime)
  t.same(files.pendingReasons(), [])
  nowTime = new Date(nowTime.getTime() + 25 * HOUR_MS)
  t.match(files.pendingReasons(), [/expired at/])
  await writePair(folder, { privateKeyPem: second.privateKeyPem })
  await files.check()
  t.match(files.pendingReasons(), [/expired at/, /does not belong/], 'and what is wrong with the next one')
})

t.test('no line of a log holds anything of a key', async (t) => {
  const { folder, files, lines } = await watchPair(t, first)
  await writePair(folder, { privateKeyPem: second.privateKeyPem })
  await files.check()
  await writePair(folder, second)
  await files.check()
  const keyLines = [first, second].map(({ privateKeyPem }) => privateKeyPem.split('\n')[1] ?? 'no line')
  for (const keyLine of keyLines) t.notOk(JSON.stringify(lines).includes(keyLine))
})
