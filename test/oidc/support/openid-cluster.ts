import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { SigningKey } from '../../../src/oidc/documents/signing-key.ts'
import { formatKubeconfig } from '../../cluster/support/kubeconfig.ts'
import { FakeApiServer } from '../../support/fake-api-server.ts'

/** An API server that serves its keys, and the kubeconfig to ask it with. */
export interface OpenIdCluster {
  readonly kubeconfigPath: string
  readonly server: FakeApiServer
  /** What it verifies tokens with from now on. */
  setKeys(keys: readonly SigningKey[]): void
}

/** Starts one, until the test ends. */
export async function startOpenIdCluster(t: Test, keys: readonly SigningKey[]): Promise<OpenIdCluster> {
  const server = await FakeApiServer.start()
  t.teardown(() => server.close())
  const kubeconfigPath = join(t.testdir({}), 'kubeconfig')
  writeFileSync(kubeconfigPath, formatKubeconfig({ url: server.url, caPem: server.ca, token: 'x' }))
  let body = JSON.stringify({ keys })
  server.intercept = ({ path }) =>
    path === '/openid/v1/jwks' ? { kind: 'answer', status: 200, body } : { kind: 'status', status: 403 }
  return {
    kubeconfigPath,
    server,
    setKeys(next) {
      body = JSON.stringify({ keys: next })
    },
  }
}
