/** Runs the suite against one control plane: `node test/cluster/run.ts [part of a test file's name …]`. */
import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { buildBundle, listTestFiles, runTap, skipSuite } from '../support/suite-run.ts'
import { openCluster, SHARED_VARIABLE, type SharedControlPlane } from './support/cluster.ts'
import { startControlPlane } from './support/control-plane.ts'
import { ControlPlaneUnavailableError, findControlPlaneBinaries } from './support/control-plane-binaries.ts'
import { listClusterObjects } from './support/leftovers.ts'

/** Versions before MutatingAdmissionPolicy was served by default. */
const OLD_KUBERNETES = /^v?1\.3[0-5]/

process.exitCode = await runSuite(process.argv.slice(2))

async function runSuite(wanted: readonly string[]): Promise<number> {
  const isOldKubernetes = OLD_KUBERNETES.test(process.env['KUBERNETES_VERSION'] ?? '')
  if (isOldKubernetes)
    console.error('policy-*.test.ts are left out: MutatingAdmissionPolicy is v1 from Kubernetes 1.36 on')
  const all = await listTestFiles(import.meta.dirname, wanted)
  const files = all.filter((path) => !(isOldKubernetes && basename(path).startsWith('policy-')))
  const reportProgress = (line: string) => console.error(`control plane: ${line}`)
  try {
    const binaries = await findControlPlaneBinaries(process.env, reportProgress)
    await buildBundle()
    const startedAtMs = performance.now()
    const controlPlane = await startControlPlane(binaries, { hasControllers: true })
    reportProgress(`ready in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`)
    try {
      const { connection } = controlPlane
      const cluster = openCluster(connection)
      const shared: SharedControlPlane = { connection, objects: await listClusterObjects(cluster.client) }
      cluster.close()
      const sharedPath = join(connection.workFolder, 'shared.json')
      await writeFile(sharedPath, JSON.stringify(shared), { mode: 0o600 })
      return await runTap(files, { [SHARED_VARIABLE]: sharedPath })
    } finally {
      await controlPlane.stop()
    }
  } catch (error) {
    if (error instanceof ControlPlaneUnavailableError) return skipSuite(error.message, 'a control plane')
    console.error(error instanceof Error ? error.message : error)
    return 1
  }
}
