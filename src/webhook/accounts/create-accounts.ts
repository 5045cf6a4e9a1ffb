import type { Accounts } from './accounts.ts'
import type { AccountsOptions } from './accounts-options.ts'
import { type ContainerCredentials, ContainerCredentialsFile } from './container-credentials-file.ts'

/**
 * Creates the source of accounts that the options name, with the container credentials file beside it.
 *
 * Only the source's own modules are loaded. Rejects where no API server can be found.
 */
export async function createAccounts(options: AccountsOptions): Promise<Accounts> {
  const { containerCredentialsPath: path, logger, metrics } = options
  if (path === undefined) return createSource(options, NO_CONTAINER_CREDENTIALS)
  const file = new ContainerCredentialsFile({ path, logger, metrics })
  const accounts = await createSource(options, file)
  return {
    find: (namespace, name) => accounts.find(namespace, name),
    pendingReasons: () => accounts.pendingReasons(),
    describe: () => accounts.describe(),
    async start() {
      await file.start()
      await accounts.start()
    },
    async close() {
      await Promise.all([file.close(), accounts.close()])
    },
  }
}

const NO_CONTAINER_CREDENTIALS: ContainerCredentials = { hasContainerCredentials: () => false }

async function createSource(
  options: AccountsOptions,
  containerCredentials: ContainerCredentials,
): Promise<Accounts> {
  const { source } = options
  if (source.kind === 'manifests') {
    const { ManifestAccounts } = await import('./manifests/manifest-accounts.ts')
    return new ManifestAccounts({ ...options, paths: source.paths, containerCredentials })
  }
  const { connectApiServerAccounts } = await import('./api-server/connect-api-server-accounts.ts')
  return connectApiServerAccounts({ ...options, source, containerCredentials })
}
