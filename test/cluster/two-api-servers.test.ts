import t from 'tap'
import { createApiClient } from './support/api-client.ts'
import { openCluster } from './support/cluster.ts'
import { startControlPlane } from './support/control-plane.ts'
import { findControlPlaneBinaries } from './support/control-plane-binaries.ts'
import { openRaceScene } from './support/race-scene.ts'

const ROUNDS = 300

const binaries = await findControlPlaneBinaries(process.env, (line) => t.comment(line))
const controlPlane = await startControlPlane(binaries, { hasControllers: true })
const { connection } = controlPlane
const cluster = openCluster(connection)
const otherUrl = await controlPlane.addApiServer()
const creator = createApiClient({ url: otherUrl, caPem: connection.caPem, token: connection.adminToken })
t.teardown(async () => {
  creator.close()
  cluster.close()
  await controlPlane.stop()
})

for (const [place, url, namespace] of [
  ['written to', connection.apiServerUrl, 'asks-the-one-written-to'],
  ['that creates', otherUrl, 'asks-the-one-that-creates'],
] as const) {
  t.test(`two API servers on one etcd, the webhook asks the one ${place}`, async (t) => {
    const { race } = await openRaceScene(t, cluster, {
      namespace,
      mode: 'fresh',
      creator,
      connection: { url, caPem: connection.caPem },
    })
    for (const kind of ['annotated', 'mapped', 'listed'] as const) {
      const { wrong } = await race(kind, { workers: 8, rounds: ROUNDS })
      t.strictSame(wrong.slice(0, 5), [], `${kind}: ${wrong.length} wrong`)
    }
  })
}
