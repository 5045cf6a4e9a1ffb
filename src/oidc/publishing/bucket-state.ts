import { AwsCallError } from '../../aws/call-failure.ts'
import type { BucketClient, PublicAccessBlock, StoredObject, Tags } from './bucket-client.ts'
import type { IssuerLocation } from './issuer-location.ts'
import { areOwnDocuments } from './own-documents.ts'

/** The tag of buckets that hold issuers and nothing else. */
export const ISSUER_TAG = { key: 'pod-identity-webhook', value: 'oidc-issuer' } as const

/** What is set on a bucket. */
export interface BucketSettings {
  readonly tags: Tags
  readonly publicAccessBlock: PublicAccessBlock
  /** `BucketOwnerEnforced` where there are no ACLs. */
  readonly ownership: string | undefined
  readonly policy: string | undefined
}

/** What is in S3 already. */
export interface BucketState {
  readonly doesExist: boolean
  /** Of a bucket in which we publish already, an error of one line where they may not be read. */
  readonly settings: BucketSettings | Error
  /** Whether the documents were written by this program. */
  readonly isPublishedByUs: boolean
  readonly keysObject: StoredObject | undefined
  readonly discoveryObject: StoredObject | undefined
}

/** A bucket that is not there; new ones are closed to the public and have no ACLs. */
export const NO_BUCKET: BucketState = {
  doesExist: false,
  settings: {
    tags: {},
    publicAccessBlock: {
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    },
    ownership: 'BucketOwnerEnforced',
    policy: undefined,
  },
  isPublishedByUs: false,
  keysObject: undefined,
  discoveryObject: undefined,
}

/**
 * Reads what is in S3 already. Rejects with an Error of one line where the bucket is somebody else's, in another region, or
 * used for something else and not to be adopted.
 */
export async function readBucketState(
  client: BucketClient,
  location: IssuerLocation,
  { accountId, isAdopted }: { readonly accountId: string; readonly isAdopted: boolean },
): Promise<BucketState> {
  if (!(await doesBucketExist(client, location, accountId))) return NO_BUCKET
  const [keysObject, discoveryObject] = await Promise.all([
    client.readObject(location.keysKey),
    client.readObject(location.discoveryKey),
  ])
  const isPublishedByUs = areOwnDocuments(location, keysObject, discoveryObject)
  const settings = await readSettings(client).catch((error: unknown) => {
    // New keys are to go out whatever else may not be looked at.
    if (isPublishedByUs && error instanceof AwsCallError && error.code === 'AccessDenied') return error
    throw error
  })
  const isTagged = settings instanceof Error || settings.tags[ISSUER_TAG.key] === ISSUER_TAG.value
  if (!(isTagged || isPublishedByUs || isAdopted)) await refuseUsedBucket(client, location, settings.tags)
  return { doesExist: true, settings, isPublishedByUs, keysObject, discoveryObject }
}

async function readSettings(client: BucketClient): Promise<BucketSettings> {
  const [tags, publicAccessBlock, ownership, policy] = await Promise.all([
    client.readTags(),
    client.readPublicAccessBlock(),
    client.readOwnership(),
    client.readPolicy(),
  ])
  return { tags, publicAccessBlock, ownership, policy }
}

async function doesBucketExist(
  client: BucketClient,
  { bucket, region }: IssuerLocation,
  accountId: string,
): Promise<boolean> {
  const found = await client.readRegion().catch(async (error: unknown) => {
    if (!(error instanceof AwsCallError)) throw error
    const elsewhere = readOtherRegion(error)
    if (elsewhere !== undefined) return elsewhere
    throw error.status === 403 ? await explainDenial(client, bucket, accountId, error) : error
  })
  if (found === undefined) return false
  if (found === region) return true
  throw new Error(`bucket ${bucket} is in ${found}, not in ${region}: give --region ${found}`)
}

/** A denial that names no cause: the bucket is somebody else's, or a permission is missing. */
async function explainDenial(
  client: BucketClient,
  bucket: string,
  accountId: string,
  denial: AwsCallError,
): Promise<Error> {
  if (denial.code !== 'AccessDenied') return denial
  const isListed = await client.isListed().catch(() => undefined)
  if (isListed === true) return denial
  if (isListed === undefined)
    return new Error(
      `${denial.message}; or bucket ${bucket} belongs to another account than ${accountId}, whose name then cannot be used`,
      { cause: denial },
    )
  return new Error(
    `bucket ${bucket} does not belong to account ${accountId}, but to another one: names are unique in all of AWS, choose one that is free`,
    { cause: denial },
  )
}

/** The region that S3 names when it is asked in the wrong one, in a header or in the answer. */
function readOtherRegion({ code, cause }: AwsCallError): string | undefined {
  if (
    !/^(?:PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException|301)$/.test(code)
  )
    return undefined
  const { Region, $response } = cause as {
    readonly Region?: string
    readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
  }
  return $response?.headers?.['x-amz-bucket-region'] ?? Region
}

async function refuseUsedBucket(client: BucketClient, { bucket }: IssuerLocation, tags: Tags): Promise<void> {
  const objects = await client.listSomeObjects()
  if (objects.length === 0) return
  const found = objects.length > 2 ? `${objects.slice(0, 2).join(', ')} and more` : objects.join(', ')
  const tagged = Object.keys(tags).length === 0 ? '' : ` and the tags ${Object.keys(tags).join(', ')}`
  throw new Error(
    `bucket ${bucket} is in use: it has no tag ${ISSUER_TAG.key}=${ISSUER_TAG.value}, but holds ${found}${tagged}; choose another, or give --adopt to publish in it beside them`,
  )
}
