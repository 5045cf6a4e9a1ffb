import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { formatKubeconfig } from '../../test/cluster/support/kubeconfig.ts'
import { type Cores, spawnPinned, waitForExit } from './pinned-process.ts'

/** An API server's stand-in that runs as a process of its own on the load's core. */
export interface ApiServerStandIn extends AsyncDisposable {
  /** Path of a kubeconfig that names it. */
  readonly kubeconfigPath: string
}

/** Starts it; `directory` is for the kubeconfig. */
export async function startApiServerStandIn(directory: string, cores: Cores): Promise<ApiServerStandIn> {
  const script = join(import.meta.dirname, 'api-server-stand-in.ts')
  const child = spawnPinned(cores, 'load', process.execPath, [script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.stdout === null) throw new Error('the API server’s stand-in has no output')
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  const { url, ca } = JSON.parse(line) as { readonly url: string; readonly ca: string }
  const kubeconfigPath = join(directory, 'kubeconfig')
  writeFileSync(kubeconfigPath, formatKubeconfig({ url, caPem: ca, token: 'bench' }))
  return {
    kubeconfigPath,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await waitForExit(child)
    },
  }
}
