import { SYSTEM_TIMING } from '../../../kubernetes/timing.ts'
import { connectApiServer } from '../../connect-api-server.ts'
import type { SourceOptions } from '../../serve-options.ts'
import type { Accounts } from '../accounts.ts'
import type { AccountsOptions } from '../accounts-options.ts'
import type { ContainerCredentials } from '../container-credentials-file.ts'
import { ApiServerAccounts } from './api-server-accounts.ts'

/** Finds the API server and makes it the source of accounts; rejects in one line where there is none to be found. */
export async function connectApiServerAccounts(
  options: AccountsOptions & {
    readonly source: Extract<SourceOptions, { kind: 'api-server' }>
    readonly containerCredentials: ContainerCredentials
  },
): Promise<Accounts> {
  const { source, containerCredentials } = options
  return new ApiServerAccounts({
    ...options,
    client: await connectApiServer(source),
    hasContainerCredentials: (namespace, name) =>
      containerCredentials.hasContainerCredentials(namespace, name),
    timing: SYSTEM_TIMING,
  })
}
