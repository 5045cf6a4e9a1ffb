import { AwsCallError } from '../../aws/call-failure.ts'
import type { ShellCommand, Step } from '../../aws/step.ts'
import type { BucketClient, PublicAccessBlock, Tags } from './bucket-client.ts'
import { findPublicStatements, mergeBucketPolicy } from './bucket-policy.ts'
import { type BucketSettings, ISSUER_TAG } from './bucket-state.ts'
import type { IssuerLocation } from './issuer-location.ts'
import { SETTLING_PAUSES_MS } from './settling.ts'

/** How the bucket is to be brought to where everyone can read the documents by its policy. */
export interface BucketPlan {
  /** Makes the bucket and opens it to a policy: nothing that was public is closed by them. */
  readonly opening: readonly Step[]
  /** Sets the policy, where it is not as it should be. */
  readonly policy: readonly Step[]
  /** Ends ACLs, by which documents may have been public until they were written anew. */
  readonly closing: readonly Step[]
}

/** Ways to the public that a bucket policy needs, and those by ACLs, which nothing does. */
const POLICY_OPEN = { BlockPublicPolicy: false, RestrictPublicBuckets: false } as const
const ACLS_CLOSED = { BlockPublicAcls: true, IgnorePublicAcls: true } as const

/** Plans what the bucket lacks to be read by everyone, in the order in which S3 takes it. Throws an Error of one line. */
export function planBucket(
  { doesExist, settings }: { readonly doesExist: boolean; readonly settings: BucketSettings },
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
): BucketPlan {
  const settle = (step: Step | undefined): readonly Step[] =>
    step === undefined
      ? []
      : [
          {
            ...step,
            apply: () =>
              applySettling(step.apply, wait).catch((error: unknown) => {
                throw explainDenial(error, accountId)
              }),
          },
        ]
  const { publicAccessBlock } = settings
  const opened = { ...publicAccessBlock, ...POLICY_OPEN }
  return {
    opening: [
      ...(doesExist ? [] : [planCreation(location, client)]),
      ...settle(planTags(settings, location, client)),
      ...settle(planBlock(publicAccessBlock, POLICY_OPEN, location, client)),
    ],
    policy: settle(planPolicy(settings, location, client)),
    closing: [
      ...settle(planOwnership(settings, location, client)),
      ...settle(planBlock(opened, ACLS_CLOSED, location, client)),
    ],
  }
}

/**
 * Why the bucket is not to be opened to its policy: statements of others, which the block holds back, would let everyone
 * in. One line; `undefined` where it may be.
 */
export function findOpeningRefusal(
  { publicAccessBlock, policy }: BucketSettings,
  { bucket }: IssuerLocation,
): string | undefined {
  if (!publicAccessBlock.BlockPublicPolicy && !publicAccessBlock.RestrictPublicBuckets) return undefined
  const names = findPublicStatements(policy)
  if (names.length === 0) return undefined
  return `public policies are blocked on bucket ${bucket}, and opening it would let everyone in by statements of others in its policy (${names.join(', ')}): take these out, turn BlockPublicPolicy and RestrictPublicBuckets off yourself, or choose another bucket`
}

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

function planCreation(location: IssuerLocation, client: BucketClient): Step {
  const { bucket, region } = location
  const constraint =
    region === 'us-east-1' ? [] : ['--create-bucket-configuration', `LocationConstraint=${region}`]
  return {
    action: 'create',
    resource: location.bucketArn,
    detail: `bucket in ${region}`,
    commands: [
      {
        ...callS3('head-bucket', location, []),
        // In us-east-1 create-bucket is answered with 200 for a bucket of one's own too.
        requirement: {
          output: '(404)',
          refusal: `bucket ${bucket} is there already, or cannot be looked for: nothing was changed`,
        },
      },
      callS3('create-bucket', location, ['--object-ownership', 'BucketOwnerEnforced', ...constraint]),
    ],
    apply: () => client.create().catch((error: unknown) => Promise.reject(explainCreation(error, bucket))),
  }
}

function explainCreation(error: unknown, bucket: string): unknown {
  if (!(error instanceof AwsCallError)) return error
  if (error.code === 'BucketAlreadyOwnedByYou')
    return new Error(`bucket ${bucket} was made meanwhile: run the command again`, { cause: error })
  if (error.code !== 'BucketAlreadyExists') return error
  return new Error(
    `bucket ${bucket} belongs to another account: names are unique in all of AWS, choose one that is free`,
    { cause: error },
  )
}

function planOwnership(
  { ownership }: BucketSettings,
  location: IssuerLocation,
  client: BucketClient,
): Step | undefined {
  if (ownership === 'BucketOwnerEnforced') return undefined
  const document = { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] }
  return {
    action: 'update',
    resource: location.bucketArn,
    detail: 'ownership enforced, so that ACLs mean nothing; what was public by them alone no longer is',
    commands: [callS3('put-bucket-ownership-controls', location, ['--ownership-controls', STDIN], document)],
    apply: () => client.enforceOwnership(),
  }
}

function planTags(
  { tags }: BucketSettings,
  location: IssuerLocation,
  client: BucketClient,
): Step | undefined {
  if (tags[ISSUER_TAG.key] === ISSUER_TAG.value) return undefined
  const document = { TagSet: Object.entries(addTag(tags)).map(([Key, Value]) => ({ Key, Value })) }
  return {
    action: 'update',
    resource: location.bucketArn,
    detail: `tag ${ISSUER_TAG.key}=${ISSUER_TAG.value}`,
    commands: [callS3('put-bucket-tagging', location, ['--tagging', STDIN], document)],
    // S3 only takes all tags together: what another one set since the plan is read here.
    apply: async () => client.writeTags(addTag(await client.readTags())),
  }
}

function addTag(tags: Tags): Tags {
  return { ...tags, [ISSUER_TAG.key]: ISSUER_TAG.value }
}

function planBlock(
  current: PublicAccessBlock,
  wanted: Partial<PublicAccessBlock>,
  location: IssuerLocation,
  client: BucketClient,
): Step | undefined {
  const wrong = Object.entries(wanted).filter(
    ([name, isOn]) => current[name as keyof PublicAccessBlock] !== isOn,
  )
  if (wrong.length === 0) return undefined
  const block = { ...current, ...wanted }
  return {
    action: 'update',
    resource: location.bucketArn,
    detail: wrong.map(([name, isOn]) => `${name} ${isOn ? 'on' : 'off'}`).join(', '),
    commands: [
      callS3('put-public-access-block', location, ['--public-access-block-configuration', STDIN], block),
    ],
    apply: () => client.writePublicAccessBlock(block),
  }
}

function planPolicy(
  { policy }: BucketSettings,
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
    // There are no versions of policies to write against: what another one wrote since the plan is read here.
    async apply() {
      const current = mergeBucketPolicy(await client.readPolicy(), location)
      if (current !== undefined) await client.writePolicy(current)
    },
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
