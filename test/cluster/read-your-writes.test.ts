import t from 'tap'
import { useCluster } from './support/cluster.ts'
import { openRaceScene } from './support/race-scene.ts'

/** Each round annotates, changes and removes. */
/** Of three pods each: over 2,000 pods. RACE_ROUNDS=2000 takes a minute and a half. */
const ROUNDS = Number(process.env['RACE_ROUNDS'] ?? 700)
/** Eight at once give `cached` a fifth of its pods wrong: enough to be sure of one. */
const ROUNDS_THAT_SHOW_A_RACE = 300

const cluster = await useCluster(t)

t.test('fresh: a pod has the role that its ServiceAccount was given by the request before', async (t) => {
  const { race } = await openRaceScene(t, cluster, { namespace: 'read-your-writes', mode: 'fresh' })
  for (const workers of [1, 8]) {
    const { podCount, wrong } = await race('annotated', { workers, rounds: ROUNDS })
    t.equal(podCount, 3 * ROUNDS)
    t.strictSame(wrong.slice(0, 5), [], `${wrong.length} wrong, ${workers} at once`)
  }
})

t.test('cached: some pods have what was there before, so this test can fail', async (t) => {
  const { race } = await openRaceScene(t, cluster, { namespace: 'read-what-was', mode: 'cached' })
  for (const kind of ['annotated', 'mapped', 'listed'] as const) {
    const { wrong } = await race(kind, { workers: 8, rounds: ROUNDS_THAT_SHOW_A_RACE })
    t.not(wrong.length, 0, kind)
  }
})
