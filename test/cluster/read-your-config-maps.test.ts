import t from 'tap'
import { useCluster } from './support/cluster.ts'
import { openRaceScene } from './support/race-scene.ts'

/** Each round adds an entry and takes it away. */
const ROUNDS = 1000

const cluster = await useCluster(t)
const { race } = await openRaceScene(t, cluster, { namespace: 'read-your-config-maps', mode: 'fresh' })

for (const [kind, title] of [
  ['mapped', 'the mappings say by the request before'],
  ['listed', 'the list of container credentials says by the request before'],
] as const) {
  t.test(`a pod has what ${title}`, async (t) => {
    for (const workers of [1, 8]) {
      const { podCount, wrong } = await race(kind, { workers, rounds: ROUNDS })
      t.equal(podCount, 2 * ROUNDS)
      t.strictSame(wrong.slice(0, 5), [], `${wrong.length} wrong, ${workers} at once`)
    }
  })
}
