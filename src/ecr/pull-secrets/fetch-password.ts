import type { AwsCredentialIdentity } from '@aws-sdk/types'
import { chainRole } from '../../aws/calls/assumed-role.ts'
import type { CallSurroundings } from '../../aws/calls/service-call.ts'
import { describeServiceError } from '../../aws/calls/service-error.ts'
import { type Authorization, readAuthorization } from '../plugin/authorization.ts'
import { exchangeCredentials } from '../plugin/credential-exchange.ts'
import { chooseCredentialSource, type SourceSettings } from '../plugin/credential-source.ts'
import { ProviderError } from '../plugin/provider-error.ts'
import { askRegistry } from '../plugin/registry-authorization.ts'
import { readRegistry } from '../registry/registry.ts'
import type { PullRegistry } from './pull-registry.ts'

/**
 * Gets a registry's password with the process's own credentials, or those of the registry's role that they may take.
 *
 * Rejects, in one line without secrets, with the cause.
 */
export async function fetchPassword(
  registry: PullRegistry,
  settings: SourceSettings,
  surroundings: CallSurroundings,
): Promise<Authorization> {
  const { host, kind, place, roleArn } = registry
  const source = chooseCredentialSource(
    { serviceAccountToken: undefined, serviceAccountAnnotations: {} },
    settings,
    surroundings.env,
  )
  const own = await exchangeCredentials(source, readRegistry(host), place, surroundings)
  const credentials = roleArn === undefined ? own : await takeRole(roleArn, own, registry, surroundings)
  try {
    return readAuthorization(await askRegistry(kind, place, credentials, surroundings))
  } catch (error) {
    if (error instanceof ProviderError) throw error
    throw new ProviderError(`no password: ${describeServiceError(error)}`, { cause: error })
  }
}

async function takeRole(
  roleArn: string,
  credentials: AwsCredentialIdentity,
  { place }: PullRegistry,
  surroundings: CallSurroundings,
): Promise<AwsCredentialIdentity> {
  try {
    const taken = await chainRole({ roleArn, credentials }, place, surroundings)
    if (taken !== undefined) return taken
  } catch (error) {
    throw new ProviderError(`the role ${roleArn} cannot be taken: ${describeServiceError(error)}`, {
      cause: error,
    })
  }
  throw new ProviderError(`the role ${roleArn} cannot be taken: STS answers without credentials`)
}
