import fc from 'fast-check'
import t from 'tap'
import { identifyKey, type SigningKey } from '../../../src/oidc/documents/signing-key.ts'
import {
  planRetirement,
  readMissingSince,
  writeMissingSince,
} from '../../../src/oidc/publishing/retirement.ts'
import { RSA } from '../support/signing-keys.ts'

const HOUR_MS = 3_600_000
const key = (kid: string): SigningKey => ({ ...RSA, kid })
const [OLD, NEW] = [key('old'), key('new')]
const kidsOf = (keys: readonly SigningKey[]) => keys.map(({ kid }) => kid)
const since = (ms: number) => new Map([[identifyKey(OLD), ms]])

const rotation = { current: [NEW], published: [OLD], retireAfterMs: 24 * HOUR_MS }

t.test('a key that went missing stays, after the new ones, for as long as it is to', async (t) => {
  const planned = planRetirement({ ...rotation, missingSince: new Map(), nowMs: 1000 })
  t.strictSame(kidsOf(planned.keys), ['new', 'old'])
  t.strictSame(planned.retiring, [{ key: OLD, missingSinceMs: 1000, untilMs: 1000 + 24 * HOUR_MS }])
})

t.test('its time runs from when it was first missing, and then it goes', async (t) => {
  const at = (nowMs: number) => planRetirement({ ...rotation, missingSince: since(1000), nowMs })
  t.match(at(1000 + 24 * HOUR_MS - 1), {
    keys: [NEW, OLD],
    retiring: [{ missingSinceMs: 1000 }],
    retired: [],
  })
  t.strictSame(at(1000 + 24 * HOUR_MS), { keys: [NEW], retiring: [], retired: [OLD] })
})

t.test('a key that comes back is like one that never went', async (t) => {
  const planned = planRetirement({
    ...rotation,
    current: [NEW, OLD],
    missingSince: since(0),
    nowMs: 99 * 24 * HOUR_MS,
  })
  t.strictSame(planned, { keys: [NEW, OLD], retiring: [], retired: [] })
})

t.test('a moment to come counts as now', async (t) => {
  const planned = planRetirement({ ...rotation, missingSince: since(9000), nowMs: 1000 })
  t.match(planned.retiring, [{ missingSinceMs: 1000 }])
})

t.test('the same kid with another key is another key', async (t) => {
  const other = { ...RSA, kid: 'new', e: 'AQAC' }
  const planned = planRetirement({ ...rotation, published: [other], missingSince: new Map(), nowMs: 0 })
  t.strictSame(planned.keys, [NEW, other])
})

t.test('what cannot be read of the moments is as if it were not there', async (t) => {
  t.strictSame([...readMissingSince('')], [])
  t.strictSame([...readMissingSince('a=x b c=1970-01-01T00:00:01.000Z')], [['c', 1000]])
})

t.test('40 retiring keys fit into the 2 KB that S3 takes as metadata', async (t) => {
  const many = Array.from({ length: 40 }, (_, index) => key(`kid-${index}`))
  const { retiring } = planRetirement({ ...rotation, published: many, missingSince: new Map(), nowMs: 0 })
  t.ok(writeMissingSince(retiring).length < 2000)
})

t.test(
  'property: over any rotations, a key is published as long as its tokens can be about, and no longer',
  async () => {
    const round = fc.record({
      kids: fc.uniqueArray(fc.constantFrom<string>('a', 'b', 'c', 'd'), { minLength: 1 }),
      pauseMs: fc.integer({ min: 0, max: 30 * HOUR_MS }),
    })
    fc.assert(
      fc.property(
        fc.array(round, { maxLength: 20 }),
        fc.integer({ min: 1, max: 48 * HOUR_MS }),
        (rounds, retireAfterMs) => {
          let published: readonly SigningKey[] = []
          let metadata = ''
          let nowMs = 0
          /** Since when each key is missing; not yet, where the cluster has it. */
          const model = new Map<string, number>()
          for (const { kids, pauseMs } of rounds) {
            nowMs += pauseMs
            const current = kids.map(key)
            const missingSince = readMissingSince(metadata)
            const planned = planRetirement({ current, published, missingSince, nowMs, retireAfterMs })
            published = planned.keys
            metadata = writeMissingSince(planned.retiring)
            for (const [kid, sinceMs] of model) model.set(kid, Math.min(sinceMs, nowMs))
            for (const kid of kids) model.set(kid, Number.POSITIVE_INFINITY)
            for (const [kid, sinceMs] of model) if (nowMs >= sinceMs + retireAfterMs) model.delete(kid)
            const kidsPublished = kidsOf(published)
            if (kidsPublished.length !== model.size || !kidsPublished.every((kid) => model.has(kid)))
              return false
          }
          return true
        },
      ),
    )
  },
)
