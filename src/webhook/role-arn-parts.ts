import { InstanceMetadataError, readInstanceIdentity } from '../aws/instance-metadata.ts'
import type { MutationSettings } from './identity/settings.ts'

/** What the flags say about composing role ARNs; what is absent is asked of EC2 instance metadata. */
export interface RoleArnComposition {
  readonly isEnabled: boolean
  readonly accountId: string | undefined
  readonly partition: string | undefined
}

/** Settles the parts of composed role ARNs; `undefined` where none are composed. Rejects with one line. */
export async function resolveRoleArnParts(
  composition: RoleArnComposition,
): Promise<MutationSettings['roleArnParts']> {
  const { isEnabled, accountId, partition } = composition
  if (!isEnabled) return undefined
  if (accountId !== undefined && partition !== undefined) return { accountId, partition }
  try {
    const identity = await readInstanceIdentity()
    return { accountId: accountId ?? identity.accountId, partition: partition ?? identity.partition }
  } catch (error) {
    if (!(error instanceof InstanceMetadataError)) throw error
    throw new Error(
      `--compose-role-arn: ${error.message}: give --aws-account-id and --aws-partition, or run on EC2`,
      { cause: error },
    )
  }
}
