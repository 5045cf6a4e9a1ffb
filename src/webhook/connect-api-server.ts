import { homedir } from 'node:os'
import { ApiClient } from '../kubernetes/api-client.ts'
import { findConnection } from '../kubernetes/connection-source.ts'
import { SYSTEM_TIMING } from '../kubernetes/timing.ts'
import type { ApiServerSource } from './serve-options.ts'

/** Finds the API server that the flags name, else the pod's own, and makes a client of it; rejects in one line where there is none. */
export async function connectApiServer(source: ApiServerSource): Promise<ApiClient> {
  const connection = await findConnection({
    kubeconfigPath: source.kubeconfig,
    server: source.apiServerUrl,
    environment: process.env,
    homeFolder: homedir(),
    timing: SYSTEM_TIMING,
    alternative:
      '--manifests deploy/examples to try it without a cluster, as `make run` does, which makes certificates too',
  })
  return new ApiClient(connection)
}
