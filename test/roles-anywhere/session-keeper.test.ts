import t from 'tap'
import type { Session } from '../../src/roles-anywhere/session.ts'
import { createSessionKeeper, renewalTime } from '../../src/roles-anywhere/session-keeper.ts'
import { HandClock } from '../support/hand-clock.ts'

const MINUTE_MS = 60_000

function setUp(lifeMs = 60 * MINUTE_MS) {
  const clock = new HandClock()
  const failures: unknown[] = []
  const state: { attempts: number; isDown: boolean } = { attempts: 0, isDown: false }
  const open = async (): Promise<Session> => {
    const number = ++state.attempts
    await new Promise((resolve) => setImmediate(resolve))
    if (state.isDown) throw new Error(`down ${number}`)
    const expiresAt = new Date(clock.now().getTime() + lifeMs)
    const expiration = expiresAt.toISOString()
    return {
      accessKeyId: `key ${number}`,
      secretAccessKey: '',
      sessionToken: '',
      expiration,
      expiresAt,
      receivedAt: clock.now(),
    }
  }
  const keeper = createSessionKeeper(open, clock, {
    onSession: () => {},
    onFailure: (error) => failures.push(error),
  })
  const getKey = async () => (await keeper.get()).accessKeyId
  return { clock, keeper, state, failures, getKey }
}

const settle = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

t.test('renewal is when a tenth or 5 minutes are left, not before half', async (t) => {
  const since = new Date(0)
  const cases = [
    [12 * 60, 12 * 60 - 72],
    [60, 54],
    [50, 45],
    [15, 10],
    [10, 5],
    [4, 2],
  ] as const
  for (const [lifeMinutes, renewalMinutes] of cases) {
    const expiresAt = new Date(lifeMinutes * MINUTE_MS)
    t.equal(renewalTime(since, { expiresAt }).getTime() / MINUTE_MS, renewalMinutes, `${lifeMinutes} minutes`)
  }
})

t.test('50 callers at once share one attempt', async (t) => {
  const { getKey, state } = setUp()
  const keys = await Promise.all(Array.from({ length: 50 }, getKey))
  t.strictSame(new Set(keys), new Set(['key 1']))
  t.equal(state.attempts, 1)
})

t.test('a session is renewed by itself, ahead of its end, and callers need not wait', async (t) => {
  const { getKey, clock, state } = setUp()
  await getKey()
  t.equal(clock.msToTimer, 54 * MINUTE_MS)
  clock.advance(54 * MINUTE_MS)
  t.equal(await getKey(), 'key 1')
  await settle()
  t.equal(await getKey(), 'key 2')
  t.equal(state.attempts, 2)
})

t.test('where the timer was late, a caller starts the renewal, once, and gets the old session', async (t) => {
  const { getKey, clock, state } = setUp()
  await getKey()
  clock.sleep(55 * MINUTE_MS)
  t.strictSame(await Promise.all([getKey(), getKey(), getKey()]), ['key 1', 'key 1', 'key 1'])
  await settle()
  t.equal(state.attempts, 2)
  t.equal(await getKey(), 'key 2')
})

t.test(
  'failed renewals change nothing until the end; then callers get the error, at most one attempt a second',
  async (t) => {
    const { getKey, clock, state, failures } = setUp()
    await getKey()
    state.isDown = true
    clock.advance(54 * MINUTE_MS)
    await settle()
    t.equal(await getKey(), 'key 1')
    t.equal(clock.msToTimer, 10_000, 'it is tried again')
    clock.advance(10_000)
    await settle()
    t.equal(state.attempts, 3)
    clock.sleep(6 * MINUTE_MS)
    await t.rejects(getKey(), { message: 'down 4' })
    await t.rejects(getKey(), { message: 'down 4' }, 'no attempt: the last one was under a second ago')
    clock.sleep(999)
    await t.rejects(getKey(), { message: 'down 4' })
    clock.sleep(1)
    await t.rejects(Promise.all([getKey(), getKey()]), { message: 'down 5' })
    t.equal(failures.length, 4)
    state.isDown = false
    clock.sleep(1000)
    t.equal(await getKey(), 'key 6')
  },
)

t.test('while a renewal fails, callers cause at most one attempt a second', async (t) => {
  const { getKey, clock, state } = setUp()
  await getKey()
  state.isDown = true
  clock.sleep(55 * MINUTE_MS)
  for (let call = 0; call < 20; call++) {
    t.equal(await getKey(), 'key 1')
    await settle()
    clock.sleep(100)
  }
  t.equal(state.attempts, 1 + 2)
})

t.test('an expired session is never given, even where its renewal is under way', async (t) => {
  const { getKey, clock } = setUp()
  await getKey()
  clock.sleep(60 * MINUTE_MS)
  t.equal(await getKey(), 'key 2')
})

t.test('after close there are no more renewals', async (t) => {
  const { getKey, clock, keeper } = setUp()
  await getKey()
  keeper.close()
  t.equal(clock.msToTimer, undefined)
})
