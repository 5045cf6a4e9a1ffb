import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { locateCredentialsFile, updateProfile } from '../../../src/roles-anywhere/credentials-file/update.ts'
import { createAuthority } from '../../support/certificate-authority.ts'
import { HandClock } from '../../support/hand-clock.ts'
import {
  PROFILE_ARN,
  ROLE_ARN,
  startRolesAnywhereServer,
  TRUST_ANCHOR_ARN,
} from '../../support/roles-anywhere-server.ts'
import { buildSessionOptions } from '../../support/session-options.ts'

const MINUTE_MS = 60_000
const OTHER = '# mine\n[other]\naws_access_key_id = OTHER\n'
const authority = await createAuthority()
const node = await authority.issue({ name: 'CN=node' })

async function setUp(t: Test) {
  const clock = new HandClock()
  const now = () => clock.now()
  const folder = t.testdir({ 'node.pem': node.certificate + node.key, credentials: OTHER })
  const path = join(folder, 'credentials')
  const service = await startRolesAnywhereServer([authority.certificate], { now })
  t.teardown(() => service.close())
  const stop = new AbortController()
  const waitsMs: number[] = []
  const lines: string[] = []
  const writtenAt: number[] = []
  const session = buildSessionOptions(join(folder, 'node.pem'), { endpoint: service.url })
  /** Updates; time passes as fast as it is waited for, until there were `maxRequests`. */
  const update = (options: {
    readonly isOnce?: boolean
    readonly isEndless?: boolean
    readonly maxRequests?: number
  }) =>
    updateProfile(
      { session, profile: 'node', isOnce: options.isOnce ?? false, isEndless: options.isEndless ?? false },
      {
        env: { AWS_SHARED_CREDENTIALS_FILE: path },
        now,
        log: (line) => {
          lines.push(line)
          writtenAt.push(now().getTime())
        },
        stop: stop.signal,
        wait: async (ms) => {
          waitsMs.push(ms)
          if (service.received.length >= (options.maxRequests ?? 1)) stop.abort()
          clock.sleep(ms)
        },
      },
    )
  return { service, path, update, waitsMs, lines, writtenAt }
}

t.test('once: the profile is written, the rest stays', async (t) => {
  const { service, path, update } = await setUp(t)
  await update({ isOnce: true })
  const [issued] = service.issued
  t.equal(
    readFileSync(path, 'utf8'),
    `${OTHER}\n[node]\naws_access_key_id = ${issued?.accessKeyId}\naws_secret_access_key = ${issued?.secretAccessKey}\naws_session_token = ${issued?.sessionToken}\n`,
  )
})

t.test('the profile is renewed 5 minutes before expiry', async (t) => {
  const { service, path, update, waitsMs, writtenAt } = await setUp(t)
  await update({ maxRequests: 3 })
  const [first = 0, second = 0] = writtenAt
  // The service counts in whole seconds.
  t.ok(second - first > 55 * MINUTE_MS - 1000 && second - first <= 55 * MINUTE_MS, `${second - first} ms`)
  t.ok(Math.max(...waitsMs) <= MINUTE_MS, 'the clock is looked at each minute')
  t.match(readFileSync(path, 'utf8'), service.issued.at(-1)?.accessKeyId ?? '-')
})

t.test('a failed renewal is tried again while the old credentials are good; then it ends', async (t) => {
  const { service, path, update, lines } = await setUp(t)
  const down = { kind: 'status', status: 403, body: '{"message":"disabled"}' } as const
  const run = update({ maxRequests: 1000 })
  await service.nextRequest()
  service.faults.push(...Array.from({ length: 1000 }, () => down))
  await t.rejects(run, { message: /disabled/ })
  t.ok(service.received.length > 20, 'every 10 s in 5 minutes')
  t.match(lines.at(-1), /^cannot renew profile node: CreateSession fails/)
  t.match(readFileSync(path, 'utf8'), OTHER)
})

t.test('a first session that cannot be had ends it, unless it is to go on for ever', async (t) => {
  const down = { kind: 'status', status: 403, body: '{}' } as const
  const first = await setUp(t)
  first.service.faults.push(down)
  await t.rejects(first.update({}), { name: 'RolesAnywhereError' })
  t.equal(readFileSync(first.path, 'utf8'), OTHER)
  const second = await setUp(t)
  second.service.faults.push(down, down)
  await second.update({ isEndless: true, maxRequests: 3 })
  t.match(readFileSync(second.path, 'utf8'), '[node]')
})

t.test('the file is where SDKs look', async (t) => {
  t.equal(locateCredentialsFile({ AWS_SHARED_CREDENTIALS_FILE: '/a/b' }), '/a/b')
  t.match(locateCredentialsFile({}), /[\\/]\.aws[\\/]credentials$/)
})

t.test('killed before any of its file operations, it leaves the old file or the new one', async (t) => {
  const service = await startRolesAnywhereServer([authority.certificate])
  t.teardown(() => service.close())
  const folder = t.testdir({ 'node.pem': node.certificate + node.key })
  const path = join(folder, 'credentials')
  const root = join(import.meta.dirname, '..', '..', '..')
  const outcomes = { old: 0, new: 0 }
  let isKilled = true
  for (let step = 1; isKilled && step < 60; step++) {
    writeFileSync(path, OTHER)
    rmSync(`${path}.new`, { force: true })
    const child = spawn(
      process.execPath,
      [
        `--import=${join(root, 'test/support/kill-at-file-step.ts')}`,
        join(root, 'src/bin/roles-anywhere.ts'),
        'update',
        '--once',
        ...['--profile', 'node', '--certificate', join(folder, 'node.pem'), '--endpoint', service.url],
        ...['--trust-anchor-arn', TRUST_ANCHOR_ARN, '--profile-arn', PROFILE_ARN, '--role-arn', ROLE_ARN],
      ],
      { env: { AWS_SHARED_CREDENTIALS_FILE: path, KILL_AT_STEP: String(step) }, stdio: 'ignore' },
    )
    const [code, signal] = await once(child, 'exit')
    isKilled = signal === 'SIGKILL'
    if (!isKilled) t.equal(code, 0)
    const content = readFileSync(path, 'utf8')
    const { accessKeyId, sessionToken } = service.issued.at(-1) ?? {}
    const isNew =
      content.startsWith(OTHER) &&
      content.includes(`${accessKeyId}\n`) &&
      content.endsWith(`${sessionToken}\n`)
    t.ok(isNew || content === OTHER, `killed before step ${step}`)
    outcomes[isNew ? 'new' : 'old']++
  }
  t.notOk(isKilled, 'the last run came to its end')
  t.ok(outcomes.old >= 5 && outcomes.new >= 2, JSON.stringify(outcomes))
})

t.test('a token of an older session is removed, and what leads SDKs elsewhere is named', async (t) => {
  const { path, update, lines } = await setUp(t)
  writeFileSync(
    path,
    '[node]\nrole_arn = x\naws_security_token = OLD\n  of two lines\nregion = eu-central-1\ncredential_process = y\n[other]\nsource_profile = z\naws_security_token = KEPT\n',
  )
  await update({ isOnce: true })
  const content = readFileSync(path, 'utf8')
  t.notMatch(content, /OLD|of two lines/)
  t.match(content, /\[node\][^[]*aws_session_token = [^[]*region = eu-central-1/)
  t.match(content, /\[other\]\nsource_profile = z\naws_security_token = KEPT\n$/)
  t.strictSame(
    lines.filter((line) => line.startsWith('warning')),
    ['role_arn', 'credential_process'].map(
      (key) => `warning: profile node of ${path} has ${key}, so SDKs may not use its keys; remove it`,
    ),
  )
})

t.test('a file that is a mount of its own is written in place, which is said once', async (t) => {
  const { path, update, lines } = await setUp(t)
  const mount = spawn('mount', ['--bind', path, path], { stdio: 'ignore' })
  const [code] = await Promise.race([once(mount, 'exit'), once(mount, 'error').then(() => [1])])
  if (code !== 0) {
    t.comment('this user may not mount')
    return
  }
  try {
    await update({ maxRequests: 2 })
  } finally {
    await once(spawn('umount', [path], { stdio: 'ignore' }), 'exit')
  }
  t.match(
    readFileSync(path, 'utf8'),
    /^# mine\n\[other\]\naws_access_key_id = OTHER\n\n\[node\]\naws_access_key_id = /,
  )
  t.equal(lines.filter((line) => /is written in place/.test(line)).length, 1)
})
