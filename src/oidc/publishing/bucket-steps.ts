import { AwsCallError } from '../../aws/call-failure.ts'
import type { ShellCommand } from '../../aws/shell-script.ts'
import type { Step } from '../../aws/step.ts'
import type { BucketClient, PublicAccessBlock } from './bucket-client.ts'
import { mergeBucketPolicy } from './bucket-policy.ts'
import { type BucketState, ISSUER_TAG } from './bucket-state.ts'
import type { IssuerLocation } from './issuer-location.ts'

/** A policy may make things public, ACLs may not. */
const WANTED_BLOCK: PublicAccessBlock = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: false,
  RestrictPublicBuckets: false,
}

/** Plans what the bucket lacks to be read by everyone, in the order in which S3 takes it. Throws an Error of one line. */
export function planBucket(
  state: BucketState,
  location: IssuerLocation,
  {
    client,
    accountId,
    wait,
  }: {
    readonly client: BucketClient
    readonly accountId: string
    readonly wait: (ms: number) => Promise<void>
  },
): readonly Step[] {
  const creation = planCreation(state, location, client)
  const settings = [
    planOwnership(state, location, client),
    planTags(state, location, client),
    planPublicAccessBlock(state, location, client),
    planPolicy(state, location, client),
  ].flatMap((step) => step ?? [])
  return [
    ...(creation === undefined ? [] : [creation]),
    ...settings.map((step) => ({
      ...step,
      apply: () =>
        applySettling(step.apply, wait).catch((error: unknown) => {
          throw explainDenial(error, accountId)
        }),
    })),
  ]
}

/** Some seconds pass until all of S3 knows a new bucket, and that its policy may be public. */
const SETTLING_PAUSES_MS = [1000, 2000, 4000] as const

async function applySettling(apply: () => Promise<void>, wait: (ms: number) => Promise<void>): Promise<void> {
  for (const pauseMs of SETTLING_PAUSES_MS) {
    try {
      await apply()
      return
    } catch (error) {
      if (!isSettling(error)) throw error
    }
    await wait(pauseMs)
  }
  await apply()
}

function isSettling(error: unknown): boolean {
  if (!(error instanceof AwsCallError)) return false
  return /^(?:NoSuchBucket|OperationAborted)$/.test(error.code) || isPublicAccessDenial(error)
}

function isPublicAccessDenial({ code, cause }: AwsCallError): boolean {
  return code === 'AccessDenied' && /public ?polic|block ?public/i.test((cause as Error).message)
}

function planCreation(
  { doesExist }: BucketState,
  location: IssuerLocation,
  client: BucketClient,
): Step | undefined {
  if (doesExist) return undefined
  const { bucket, region } = location
  const constraint =
    region === 'us-east-1' ? [] : ['--create-bucket-configuration', `LocationConstraint=${region}`]
  return {
    action: 'create',
    resource: location.bucketArn,
    detail: `bucket in ${region}`,
    commands: [
      callS3('create-bucket', location, ['--object-ownership', 'BucketOwnerEnforced', ...constraint]),
    ],
    apply: () => client.create().catch((error: unknown) => Promise.reject(explainCreation(error, bucket))),
  }
}

function explainCreation(error: unknown, bucket: string): unknown {
  const isTaken = error instanceof AwsCallError && error.code === 'BucketAlreadyExists'
  if (!isTaken) return error
  return new Error(
    `bucket ${bucket} belongs to another account: names are unique in all of AWS, choose one that is free`,
    { cause: error },
  )
}

function planOwnership(
  { ownership }: BucketState,
  location: IssuerLocation,
  client: BucketClient,
): Step | undefined {
  if (ownership === 'BucketOwnerEnforced') return undefined
  const document = { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] }
  return {
    action: 'update',
    resource: location.bucketArn,
    detail: 'ownership enforced, so that ACLs mean nothing',
    commands: [callS3('put-bucket-ownership-controls', location, ['--ownership-controls', STDIN], document)],
    apply: () => client.enforceOwnership(),
  }
}

function planTags({ tags }: BucketState, location: IssuerLocation, client: BucketClient): Step | undefined {
  if (tags[ISSUER_TAG.key] === ISSUER_TAG.value) return undefined
  const all = { ...tags, [ISSUER_TAG.key]: ISSUER_TAG.value }
  const document = { TagSet: Object.entries(all).map(([Key, Value]) => ({ Key, Value })) }
  return {
    action: 'update',
    resource: location.bucketArn,
    detail: `tag ${ISSUER_TAG.key}=${ISSUER_TAG.value}`,
    commands: [callS3('put-bucket-tagging', location, ['--tagging', STDIN], document)],
    apply: () => client.writeTags(all),
  }
}

function planPublicAccessBlock(
  { publicAccessBlock }: BucketState,
  location: IssuerLocation,
  client: BucketClient,
): Step | undefined {
  const names = Object.keys(WANTED_BLOCK) as (keyof PublicAccessBlock)[]
  const wrong = names.filter((name) => publicAccessBlock[name] !== WANTED_BLOCK[name])
  if (wrong.length === 0) return undefined
  return {
    action: 'update',
    resource: location.bucketArn,
    detail: wrong.map((name) => `${name} ${WANTED_BLOCK[name] ? 'on' : 'off'}`).join(', '),
    commands: [
      callS3(
        'put-public-access-block',
        location,
        ['--public-access-block-configuration', STDIN],
        WANTED_BLOCK,
      ),
    ],
    apply: () => client.writePublicAccessBlock(WANTED_BLOCK),
  }
}

function planPolicy(
  { policy }: BucketState,
  location: IssuerLocation,
  client: BucketClient,
): Step | undefined {
  const merged = mergeBucketPolicy(policy, location)
  if (merged === undefined) return undefined
  return {
    action: 'update',
    resource: location.bucketArn,
    detail: `policy lets everyone read ${location.discoveryKey} and ${location.keysKey}`,
    commands: [callS3('put-bucket-policy', location, ['--policy', STDIN], merged)],
    apply: () => client.writePolicy(merged),
  }
}

/** The account's own block wins over the bucket's, and S3 tells it as a denial of the policy. */
function explainDenial(error: unknown, accountId: string): unknown {
  if (!(error instanceof AwsCallError) || error.code !== 'AccessDenied') return error
  const isBlocked = isPublicAccessDenial(error)
  if (!isBlocked && !error.message.startsWith('s3:PutBucketPolicy')) return error
  const remedy = `aws s3control get-public-access-block --account-id ${accountId} shows it; turn BlockPublicPolicy and RestrictPublicBuckets off there, or publish what oidc generate writes on another web server`
  const cause = `public access is blocked for the whole account ${accountId}: ${remedy}`
  return new Error(isBlocked ? `s3:PutBucketPolicy: ${cause}` : `${error.message}; or ${cause}`, {
    cause: error,
  })
}

/** Where the AWS CLI finds the document that is given on stdin. */
const STDIN = 'file:///dev/stdin'

function callS3(
  command: string,
  { bucket, region }: IssuerLocation,
  args: readonly string[],
  document?: object | string,
): ShellCommand {
  const words = ['aws', 's3api', command, '--bucket', bucket, '--region', region, ...args]
  if (document === undefined) return { args: words }
  const stdin = typeof document === 'string' ? document : JSON.stringify(document, undefined, 2)
  return { args: words, stdin }
}
