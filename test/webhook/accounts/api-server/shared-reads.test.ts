import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import { SharedReads } from '../../../../src/webhook/accounts/api-server/shared-reads.ts'

const MAX_IN_FLIGHT = 3

/** Values that change, and reads of them that end when the test says so. */
function createWorld(maxInFlight: number) {
  const versions = new Map<string, number>()
  const inFlight: { readonly key: string; version: number; answer(): void }[] = []
  const begun: string[] = []
  const reads = new SharedReads<number>({
    maxInFlight,
    read(key) {
      begun.push(key)
      const { promise, resolve } = Promise.withResolvers<number>()
      const read = {
        key,
        version: versions.get(key) ?? 0,
        answer() {
          inFlight.splice(inFlight.indexOf(read), 1)
          resolve(read.version)
        },
      }
      inFlight.push(read)
      return promise
    },
  })
  return { reads, versions, inFlight, begun }
}

const KEY = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const COMMAND = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('arrive' as const), key: KEY }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('write' as const), key: KEY }) },
  // The API server takes the value at some time between the request's coming and its answer.
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('take' as const), index: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('answer' as const), index: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), index: fc.nat(9) }) },
)

t.test('no one is given a value read before they came, and no key is read twice at once', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(COMMAND, { maxLength: 60 }), async (commands) => {
      const { reads, versions, inFlight, begun } = createWorld(MAX_IN_FLIGHT)
      const places: { readonly leave: () => void; readonly ended: Promise<void>; hasLeft: boolean }[] = []
      for (const command of commands) {
        if (command.kind === 'arrive') {
          const leastVersion = versions.get(command.key) ?? 0
          const begunBefore = begun.length
          const read = reads.join(command.key)
          const ended = read.value.then((version) => {
            if (version < leastVersion)
              throw new Error(`${command.key}: given ${version}, had to be ${leastVersion}`)
          })
          ended.catch(() => {})
          places.push({ leave: () => read.leave(), ended, hasLeft: false })
          if (read.isShared && begun.length > begunBefore) throw new Error('a shared place began a read')
        } else if (command.kind === 'write') {
          versions.set(command.key, (versions.get(command.key) ?? 0) + 1)
        } else if (command.kind === 'take') {
          const read = inFlight[command.index]
          if (read !== undefined) read.version = versions.get(read.key) ?? 0
        } else if (command.kind === 'answer') {
          inFlight[command.index]?.answer()
          await setImmediate()
        } else {
          const place = places[command.index]
          if (place !== undefined && !place.hasLeft) place.leave()
          if (place !== undefined) place.hasLeft = true
        }
        const keys = inFlight.map(({ key }) => key)
        if (new Set(keys).size < keys.length) throw new Error(`two reads of one key: ${keys}`)
        if (keys.length > MAX_IN_FLIGHT) throw new Error(`${keys.length} in flight`)
      }
      // Whoever has stayed is answered in the end, after no more reads than that needs.
      for (let round = 0; inFlight.length > 0 && round < 100; round++) {
        for (const read of [...inFlight]) read.answer()
        await setImmediate()
      }
      await Promise.all(places.filter(({ hasLeft }) => !hasLeft).map(({ ended }) => ended))
    }),
    { numRuns: 500 },
  )
  t.pass()
})

t.test('a thousand who come while a read is in flight share the next one', async (t) => {
  const { reads, versions, inFlight, begun } = createWorld(MAX_IN_FLIGHT)
  const first = reads.join('a')
  versions.set('a', 1)
  const others = Array.from({ length: 1000 }, () => reads.join('a'))
  t.equal(begun.length, 1)
  t.equal(others.filter(({ isShared }) => isShared).length, 999)
  inFlight[0]?.answer()
  t.equal(await first.value, 0)
  await setImmediate()
  t.equal(begun.length, 2)
  inFlight[0]?.answer()
  t.strictSame(new Set(await Promise.all(others.map(({ value }) => value))), new Set([1]))
  await setImmediate()
  t.equal(begun.length, 2)
})

t.test('who comes later than as many as may be in flight waits for a turn, the oldest first', async (t) => {
  const { reads, inFlight, begun } = createWorld(1)
  reads.join('a')
  const behindItself = reads.join('a')
  const [b, c] = [reads.join('b'), reads.join('c')]
  t.ok(b.isWaitingForTurn() && c.isWaitingForTurn())
  t.notOk(behindItself.isWaitingForTurn(), 'who waits for the read before is not one of them')
  for (const expected of ['b', 'c', 'a']) {
    inFlight[0]?.answer()
    await setImmediate()
    t.equal(begun.at(-1), expected)
  }
})

t.test('a read that all have left is not begun', async (t) => {
  const { reads, inFlight, begun } = createWorld(1)
  reads.join('a')
  const [first, second] = [reads.join('b'), reads.join('b')]
  first.leave()
  second.leave()
  inFlight[0]?.answer()
  await setImmediate()
  t.strictSame(begun, ['a'])
  reads.join('b')
  t.strictSame(begun, ['a', 'b'], 'who comes then begins one anew')
})
