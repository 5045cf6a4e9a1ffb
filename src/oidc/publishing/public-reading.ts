import type { BucketClient } from './bucket-client.ts'
import type { IssuerLocation } from './issuer-location.ts'
import { SETTLING_PAUSES_MS } from './settling.ts'

/**
 * Gets the published keys as STS does, without credentials. Rejects with an Error of one line where that is denied; after
 * changes, for longer than settings take to arrive everywhere.
 */
export async function checkPublicReading(
  client: Pick<BucketClient, 'isReadByEveryone'>,
  { bucket, keysKey }: IssuerLocation,
  {
    accountId,
    isChanged,
    wait,
  }: {
    readonly accountId: string
    readonly isChanged: boolean
    readonly wait: (ms: number) => Promise<void>
  },
): Promise<void> {
  for (const pauseMs of isChanged ? SETTLING_PAUSES_MS : []) {
    if (await client.isReadByEveryone(keysKey)) return
    await wait(pauseMs)
  }
  if (await client.isReadByEveryone(keysKey)) return
  throw new Error(
    `s3://${bucket}/${keysKey} is published, but a GET without credentials is denied, so STS cannot read it, although the bucket itself lets everyone: look at the block of the whole account ${accountId} (aws s3control get-public-access-block --account-id ${accountId}; RestrictPublicBuckets must be off), at Deny statements in the bucket's policy, and at policies of the organization and of this network's VPC endpoint; or publish what oidc generate writes on another web server`,
  )
}
