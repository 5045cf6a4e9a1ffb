import { join } from 'node:path'
import tls from 'node:tls'
import { ROLE_ARN } from './fake-aws.ts'
import { createWorld, type World } from './healthy-world.ts'

/** The part of tap's test object that is used here. */
interface TestObject {
  teardown(end: () => Promise<void>): unknown
  testdir(files: Readonly<Record<string, string>>): string
}

/** A world whose authority this process trusts, as NODE_EXTRA_CA_CERTS would make it, with command lines for it. */
export interface UsedWorld extends World {
  readonly kubeconfigPath: string
  /** Of the world's authority. */
  readonly caPath: string
  /** `--issuer` and `--kubeconfig`. */
  readonly shortLine: readonly string[]
  /** And what the other checks need. */
  readonly fullLine: readonly string[]
}

export async function useWorld(t: TestObject): Promise<UsedWorld> {
  const world = await createWorld()
  t.teardown(() => world.close())
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), world.certificate.ca])
  const folder = t.testdir({ kubeconfig: world.cluster.kubeconfig, 'ca.pem': world.certificate.ca })
  const kubeconfigPath = join(folder, 'kubeconfig')
  const shortLine = ['--issuer', world.issuer.url, '--kubeconfig', kubeconfigPath]
  return {
    ...world,
    kubeconfigPath,
    caPath: join(folder, 'ca.pem'),
    shortLine,
    fullLine: [...shortLine, '--service-account', 'shop/app', '--role-arn', ROLE_ARN],
  }
}
