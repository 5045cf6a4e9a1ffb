import type { Step } from '../../aws/step.ts'
import type { BucketClient } from './bucket-client.ts'
import type { IssuerLocation } from './issuer-location.ts'
import { SETTLING_PAUSES_MS } from './settling.ts'

/**
 * Makes a step that sets the bucket's policy safe for documents that are served by their ACLs: where they can no longer be
 * read with the policy, the former one comes back and the step rejects with an Error of one line.
 *
 * With RestrictPublicBuckets on for the account, S3 takes a policy that lets everyone in, and closes the bucket for it.
 * The pause also lets the policy arrive everywhere before the documents are written anew, and lose their ACLs.
 */
export function keepServing(
  step: Step,
  { bucket, keysKey }: IssuerLocation,
  {
    client,
    accountId,
    wait,
  }: {
    readonly client: Pick<BucketClient, 'isReadByEveryone' | 'readPolicy' | 'writePolicy' | 'deletePolicy'>
    readonly accountId: string
    readonly wait: (ms: number) => Promise<void>
  },
): Step {
  return {
    ...step,
    async apply() {
      const wasServed = await client.isReadByEveryone(keysKey)
      const formerPolicy = await client.readPolicy()
      await step.apply()
      if (!wasServed) return
      await wait(Math.max(...SETTLING_PAUSES_MS))
      if (await client.isReadByEveryone(keysKey)) return
      await (formerPolicy === undefined ? client.deletePolicy() : client.writePolicy(formerPolicy))
      throw new Error(
        `with a policy nobody could read s3://${bucket}/${keysKey} any more, so the bucket has its former policy again: turn RestrictPublicBuckets off for the account ${accountId} (aws s3control get-public-access-block --account-id ${accountId} shows it) and run the command again`,
      )
    },
  }
}
