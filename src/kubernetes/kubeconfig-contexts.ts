import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { readKubeconfig } from './kubeconfig.ts'

/** The contexts of a kubeconfig, or of those that are used without one. Rejects with an ApiConfigurationError. */
export async function listContextNames(
  kubeconfigPath: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[]> {
  const named = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '')
  const usual = named.length > 0 ? named : [join(env['HOME'] || homedir(), '.kube', 'config')]
  const files = await Promise.all(
    (kubeconfigPath === undefined ? usual : [kubeconfigPath]).map(readKubeconfig),
  )
  return files.flatMap(({ content }) => content.contexts?.map(({ name }) => name) ?? [])
}
