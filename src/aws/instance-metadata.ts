/** Which account and partition an EC2 instance is in. */
export interface InstanceIdentity {
  /** `aws`, `aws-cn`, `aws-us-gov`, … */
  readonly partition: string
  /** Twelve digits. */
  readonly accountId: string
}

/** EC2 instance metadata gave no usable answer; one line. */
export class InstanceMetadataError extends Error {
  override readonly name = 'InstanceMetadataError'
}

/** Off EC2 nothing answers at the metadata address, and connecting to it can hang. */
const TIMEOUT_MS = 2_000

/**
 * Asks EC2 instance metadata (IMDSv2, by the AWS SDK, whose environment variables and profile settings hold) for the
 * instance's account and partition. Rejects with an {@link InstanceMetadataError}.
 */
export async function readInstanceIdentity(): Promise<InstanceIdentity> {
  const { MetadataService } = await import('@aws-sdk/ec2-metadata-service')
  const service = new MetadataService({ httpOptions: { timeout: TIMEOUT_MS }, retries: 1 })
  const read = async (path: string) => {
    try {
      return await service.request(path, { method: 'GET' })
    } catch (error) {
      const cause = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : 'unknown error'
      throw new InstanceMetadataError(`EC2 instance metadata does not answer (${cause})`)
    }
  }
  const document = await read('latest/dynamic/instance-identity/document')
  const partition = (await read('latest/meta-data/services/partition')).trim()
  const accountId = parseAccountId(document)
  if (accountId === undefined || !/^aws[a-z0-9-]*$/.test(partition)) {
    throw new InstanceMetadataError('EC2 instance metadata names no account or partition')
  }
  return { partition, accountId }
}

function parseAccountId(document: string): string | undefined {
  try {
    const { accountId } = JSON.parse(document) as { readonly accountId?: unknown }
    return typeof accountId === 'string' && /^\d{12}$/.test(accountId) ? accountId : undefined
  } catch {
    return undefined
  }
}
