import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  GetBucketLocationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { AwsCallError, callAws } from '../../aws/call-failure.ts'
import { readUnlessAbsent } from './absent-setting.ts'
import type { IssuerLocation } from './issuer-location.ts'

/** Tags by their keys. */
export type Tags = Readonly<Record<string, string>>

/** Which ways to make things public are closed. */
export interface PublicAccessBlock {
  readonly BlockPublicAcls: boolean
  readonly IgnorePublicAcls: boolean
  readonly BlockPublicPolicy: boolean
  readonly RestrictPublicBuckets: boolean
}

/** A document as it is in a bucket. */
export interface StoredObject {
  readonly body: string
  readonly contentType: string
  readonly cacheControl: string
  readonly metadata: ReadonlyMap<string, string>
}

/** Our documents have some kilobytes; what is larger is not read. */
const MAX_DOCUMENT_BYTES = 1_048_576

/** One bucket of S3. All methods reject with an AwsCallError; what is read and not there is `undefined`. */
export class BucketClient {
  readonly #s3: S3Client
  /** By the same way to the same endpoint, with requests that nobody signed. */
  readonly #anonymousS3: S3Client
  readonly #location: IssuerLocation
  readonly #request: { readonly Bucket: string; readonly ExpectedBucketOwner: string }
  readonly #abort: { readonly abortSignal: AbortSignal }

  /** `accountId` must own the bucket: a request for somebody else's is denied. */
  constructor(
    location: IssuerLocation,
    accountId: string,
    options: { readonly client: S3ClientConfig; readonly signal: AbortSignal },
  ) {
    this.#location = location
    this.#request = { Bucket: location.bucket, ExpectedBucketOwner: accountId }
    this.#abort = { abortSignal: options.signal }
    const config = {
      ...options.client,
      // The issuer itself rests on this form, it needs no DNS name at endpoints that are not AWS's, and takes names with dots.
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    } as const
    this.#s3 = new S3Client(config)
    this.#anonymousS3 = new S3Client({
      ...config,
      credentials: { accessKeyId: '', secretAccessKey: '' },
      signer: { sign: async (request) => request },
    })
  }

  async readRegion(): Promise<string | undefined> {
    const answer = await readUnlessAbsent(this.#on('s3:GetBucketLocation'), ['NoSuchBucket'], () =>
      this.#s3.send(new GetBucketLocationCommand(this.#request), this.#abort),
    )
    if (answer === undefined) return undefined
    const constraint: string = answer.LocationConstraint ?? ''
    // Buckets of the first days have these two.
    if (constraint === '') return 'us-east-1'
    return constraint === 'EU' ? 'eu-west-1' : constraint
  }

  /** Whether the account has a bucket of this name, in any region. */
  async isListed(): Promise<boolean> {
    const { Bucket } = this.#request
    const answer = await callAws({ action: 's3:ListAllMyBuckets', resource: '*' }, () =>
      this.#s3.send(new ListBucketsCommand({ Prefix: Bucket }), this.#abort),
    )
    return (answer.Buckets ?? []).some(({ Name }) => Name === Bucket)
  }

  async readTags(): Promise<Tags> {
    const answer = await readUnlessAbsent(this.#on('s3:GetBucketTagging'), ['NoSuchTagSet'], () =>
      this.#s3.send(new GetBucketTaggingCommand(this.#request), this.#abort),
    )
    return Object.fromEntries((answer?.TagSet ?? []).map(({ Key = '', Value = '' }) => [Key, Value]))
  }

  /** Keys of some objects, three at most. */
  async listSomeObjects(): Promise<readonly string[]> {
    const answer = await callAws(this.#on('s3:ListBucket'), () =>
      this.#s3.send(new ListObjectsV2Command({ ...this.#request, MaxKeys: 3 }), this.#abort),
    )
    return (answer.Contents ?? []).map(({ Key = '' }) => Key)
  }

  async readPublicAccessBlock(): Promise<PublicAccessBlock> {
    const answer = await readUnlessAbsent(
      this.#on('s3:GetBucketPublicAccessBlock'),
      ['NoSuchPublicAccessBlockConfiguration'],
      () => this.#s3.send(new GetPublicAccessBlockCommand(this.#request), this.#abort),
    )
    const {
      BlockPublicAcls = false,
      IgnorePublicAcls = false,
      BlockPublicPolicy = false,
      RestrictPublicBuckets = false,
    } = answer?.PublicAccessBlockConfiguration ?? {}
    return { BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets }
  }

  async readOwnership(): Promise<string | undefined> {
    const answer = await readUnlessAbsent(
      this.#on('s3:GetBucketOwnershipControls'),
      ['OwnershipControlsNotFoundError', 'NoSuchOwnershipControls'],
      () => this.#s3.send(new GetBucketOwnershipControlsCommand(this.#request), this.#abort),
    )
    return answer?.OwnershipControls?.Rules?.[0]?.ObjectOwnership
  }

  async readPolicy(): Promise<string | undefined> {
    const answer = await readUnlessAbsent(this.#on('s3:GetBucketPolicy'), ['NoSuchBucketPolicy'], () =>
      this.#s3.send(new GetBucketPolicyCommand(this.#request), this.#abort),
    )
    return answer?.Policy
  }

  async readObject(key: string): Promise<StoredObject | undefined> {
    const { bucketArn } = this.#location
    // Who may not list is told AccessDenied, not NoSuchKey.
    const resource = `${bucketArn}/${key}, and s3:ListBucket on ${bucketArn}`
    return readUnlessAbsent({ action: 's3:GetObject', resource }, ['NoSuchKey'], async () => {
      const answer = await this.#s3.send(new GetObjectCommand({ ...this.#request, Key: key }), this.#abort)
      if ((answer.ContentLength ?? 0) > MAX_DOCUMENT_BYTES) throw new Error('the object is over 1 MiB')
      return {
        body: (await answer.Body?.transformToString()) ?? '',
        contentType: answer.ContentType ?? '',
        cacheControl: answer.CacheControl ?? '',
        metadata: new Map(Object.entries(answer.Metadata ?? {})),
      }
    })
  }

  /** Whether a GET without credentials is answered with the object, and not denied. */
  async isReadByEveryone(key: string): Promise<boolean> {
    const { bucket, bucketArn } = this.#location
    const call = { action: 's3:GetObject', resource: `${bucketArn}/${key} without credentials` }
    try {
      await callAws(call, async () => {
        const get = new GetObjectCommand({ Bucket: bucket, Key: key })
        const { Body } = await this.#anonymousS3.send(get, this.#abort)
        // A body that nobody reads keeps the connection, and with it the process.
        await Body?.transformToByteArray()
      })
      return true
    } catch (error) {
      if (error instanceof AwsCallError && error.status === 403) return false
      throw error
    }
  }

  async create(): Promise<void> {
    const { bucket, region } = this.#location
    await callAws(this.#on('s3:CreateBucket'), () =>
      this.#s3.send(
        new CreateBucketCommand({
          Bucket: bucket,
          ObjectOwnership: 'BucketOwnerEnforced',
          // S3 refuses its own first region as a constraint; the SDK lists the regions of its day.
          ...(region === 'us-east-1'
            ? {}
            : { CreateBucketConfiguration: { LocationConstraint: region as 'eu-west-1' } }),
        }),
        this.#abort,
      ),
    )
  }

  async writeTags(tags: Tags): Promise<void> {
    const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
    await callAws(this.#on('s3:PutBucketTagging'), () =>
      this.#s3.send(new PutBucketTaggingCommand({ ...this.#request, Tagging: { TagSet } }), this.#abort),
    )
  }

  async writePublicAccessBlock(block: PublicAccessBlock): Promise<void> {
    await callAws(this.#on('s3:PutBucketPublicAccessBlock'), () =>
      this.#s3.send(
        new PutPublicAccessBlockCommand({ ...this.#request, PublicAccessBlockConfiguration: block }),
        this.#abort,
      ),
    )
  }

  /** Makes the bucket's owner own all objects, and ends ACLs. */
  async enforceOwnership(): Promise<void> {
    await callAws(this.#on('s3:PutBucketOwnershipControls'), () =>
      this.#s3.send(
        new PutBucketOwnershipControlsCommand({
          ...this.#request,
          OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        }),
        this.#abort,
      ),
    )
  }

  async writePolicy(policy: string): Promise<void> {
    await callAws(this.#on('s3:PutBucketPolicy'), () =>
      this.#s3.send(new PutBucketPolicyCommand({ ...this.#request, Policy: policy }), this.#abort),
    )
  }

  async deletePolicy(): Promise<void> {
    await callAws(this.#on('s3:DeleteBucketPolicy'), () =>
      this.#s3.send(new DeleteBucketPolicyCommand(this.#request), this.#abort),
    )
  }

  async writeObject(key: string, { body, contentType, cacheControl, metadata }: StoredObject): Promise<void> {
    await callAws(this.#on('s3:PutObject', key), () =>
      this.#s3.send(
        new PutObjectCommand({
          ...this.#request,
          Key: key,
          Body: body,
          ContentType: contentType,
          CacheControl: cacheControl,
          Metadata: Object.fromEntries(metadata),
        }),
        this.#abort,
      ),
    )
  }

  /** What is called, and on what. */
  #on(action: string, key?: string) {
    const { bucketArn } = this.#location
    return { action, resource: key === undefined ? bucketArn : `${bucketArn}/${key}` }
  }
}
