import t from 'tap'
import { judgeSoak, type SoakRecord, type SoakSample } from '../../../bench/soak/soak-verdict.ts'

function takeSamples(shape: (second: number) => Partial<SoakSample>): readonly SoakSample[] {
  return Array.from({ length: 60 }, (_, index) => ({
    seconds: index * 10,
    rssMegabytes: 90,
    heapMegabytes: 20,
    fileDescriptors: 50,
    ...shape(index * 10),
  }))
}

const flat: SoakRecord = {
  samples: takeSamples(() => ({})),
  idleDescriptors: { start: 25, afterBurst: 25, end: 26 },
  burst: { connections: 1_000, failures: 0, peakDescriptors: 1_025 },
  load: { requests: 5_000_000, failures: 0 },
  freshConnections: { count: 599, failures: 0, staleAnswers: 3 },
  reloads: { swaps: 599, successes: 597, refusals: 0 },
}

function listFailures(record: SoakRecord): readonly string[] {
  return judgeSoak(record).flatMap(({ isGood, subject }) => (isGood ? [] : [subject]))
}

t.test('a flat record has no failure', (t) => {
  t.same(listFailures(flat), [])
  t.end()
})

t.test('memory that grows in the first third alone is warming up', (t) => {
  t.same(
    listFailures({ ...flat, samples: takeSamples((s) => ({ rssMegabytes: 70 + Math.min(s, 180) / 9 })) }),
    [],
  )
  t.end()
})

const failures: readonly (readonly [string, Partial<SoakRecord>, string])[] = [
  ['memory that keeps growing', { samples: takeSamples((s) => ({ rssMegabytes: 90 + s / 30 })) }, 'memory'],
  [
    'descriptors that pile up under load',
    { samples: takeSamples((s) => ({ fileDescriptors: 50 + Math.floor(s / 60) })) },
    'file descriptors',
  ],
  [
    'descriptors left after the load',
    { idleDescriptors: { start: 25, afterBurst: 25, end: 50 } },
    'file descriptors',
  ],
  [
    'descriptors left after the burst',
    { idleDescriptors: { start: 25, afterBurst: 400, end: 25 } },
    '1000 connections opened and closed',
  ],
  [
    'a burst that was never open all at once',
    { burst: { connections: 1_000, failures: 0, peakDescriptors: 300 } },
    '1000 connections opened and closed',
  ],
  ['a failed request', { load: { requests: 9, failures: 1 } }, 'requests'],
  ['no request at all', { load: { requests: 0, failures: 0 } }, 'requests'],
  [
    'a fresh connection that failed',
    { freshConnections: { count: 9, failures: 1, staleAnswers: 0 } },
    'fresh connections',
  ],
  ['certificates not taken', { reloads: { swaps: 599, successes: 60, refusals: 0 } }, 'certificate reloads'],
  ['a certificate refused', { reloads: { swaps: 599, successes: 598, refusals: 1 } }, 'certificate reloads'],
]
for (const [name, change, subject] of failures) {
  t.test(`${name} is a failure of: ${subject}`, (t) => {
    t.same(listFailures({ ...flat, ...change }), [subject])
    t.end()
  })
}
