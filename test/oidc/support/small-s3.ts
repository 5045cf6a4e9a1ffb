import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { type LoopbackListener, listenOnLoopback } from '../../support/loopback-listener.ts'

/** The account of every caller. */
export const CALLER_ACCOUNT = '111122223333'

/** A request as the endpoint sees it. */
export interface S3Request {
  readonly method: string
  readonly bucket: string
  /** Key of an object; empty for the bucket itself. */
  readonly key: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What goes wrong with a request. */
export type S3Fault =
  | {
      readonly kind: 'error'
      readonly status: number
      readonly code: string
      readonly message?: string
      readonly headers?: Readonly<Record<string, string>>
      /** S3's word for the region that it should be asked in. */
      readonly region?: string
    }
  | { readonly kind: 'reset' }

interface S3Object {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** A bucket: its settings are the documents as S3 takes and gives them. */
export interface S3Bucket {
  readonly owner: string
  readonly region: string
  readonly settings: Map<string, string>
  readonly objects: Map<string, S3Object>
}

/** Settings by the query that names them, and S3's word where one is not there. */
const ABSENCE_CODES: Readonly<Record<string, string>> = {
  tagging: 'NoSuchTagSet',
  publicAccessBlock: 'NoSuchPublicAccessBlockConfiguration',
  ownershipControls: 'OwnershipControlsNotFoundError',
  policy: 'NoSuchBucketPolicy',
}

/** The part of S3 and STS that publishing meets, on the loopback, with state and with faults as a test orders them. */
export class SmallS3 {
  /** Asked before each request is answered. */
  intercept: (request: S3Request) => S3Fault | undefined = () => undefined
  /** Whether the account has RestrictPublicBuckets on: who is let in by a public policy is not, nor anybody else then. */
  isAccountBlocked = false
  readonly requests: S3Request[] = []
  readonly buckets = new Map<string, S3Bucket>()
  #listener: LoopbackListener | undefined

  static async start(): Promise<SmallS3> {
    const server = new SmallS3()
    server.#listener = await listenOnLoopback((request, response) => {
      void text(request).then((body) => {
        const url = new URL(request.url ?? '/', 'http://localhost')
        const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/.exec(decodeURIComponent(url.pathname)) ?? []
        const seen = { bucket, key, query: url.searchParams, headers: request.headers, body }
        server.#serve({ method: request.method ?? '', ...seen }, response)
      })
    }, undefined)
    return server
  }

  /** Variables by which SDK and command line come here. */
  get environment(): Readonly<Record<string, string>> {
    return {
      AWS_ENDPOINT_URL: this.#listener?.url ?? '',
      AWS_ACCESS_KEY_ID: 'AKIATEST',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/nonexistent',
      AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    }
  }

  /** What was asked since `clearRequests` that changes things. */
  get writes(): readonly string[] {
    return this.requests
      .filter(({ method }) => method === 'PUT' || method === 'DELETE')
      .map(({ method, bucket, key, query }) => `${method} ${bucket}/${key || [...query.keys()].join('')}`)
  }

  clearRequests(): void {
    this.requests.length = 0
  }

  addBucket(name: string, options: Partial<S3Bucket> = {}): S3Bucket {
    const empty = { settings: new Map<string, string>(), objects: new Map<string, S3Object>() }
    const bucket = { owner: CALLER_ACCOUNT, region: 'eu-central-1', ...empty, ...options }
    this.buckets.set(name, bucket)
    return bucket
  }

  /** Body of an object; fails where there is none. */
  read(bucket: string, key: string): S3Object {
    const object = this.buckets.get(bucket)?.objects.get(key)
    if (object === undefined) throw new Error(`there is no ${bucket}/${key}`)
    return object
  }

  async close(): Promise<void> {
    await this.#listener?.close()
  }

  #serve(request: S3Request, response: ServerResponse): void {
    this.requests.push(request)
    const fault = this.intercept(request)
    if (fault?.kind === 'reset') response.socket?.resetAndDestroy()
    else if (fault?.kind === 'error')
      refuse(response, fault.status, fault.code, fault.message, fault.headers, fault.region)
    else if (request.bucket === '' && request.method === 'POST') answerSts(response)
    else if (request.bucket === '') this.#listBuckets(response)
    else if (request.method === 'PUT' && request.key === '' && [...request.query.keys()].length === 0)
      this.#create(request, response)
    else this.#answerBucket(request, response)
  }

  #listBuckets(response: ServerResponse): void {
    const own = [...this.buckets].filter(([, { owner }]) => owner === CALLER_ACCOUNT)
    const entries = own.map(([name]) => `<Bucket><Name>${name}</Name></Bucket>`).join('')
    send(response, `<ListAllMyBucketsResult><Buckets>${entries}</Buckets></ListAllMyBucketsResult>`)
  }

  #create({ bucket, body, headers }: S3Request, response: ServerResponse): void {
    const constraint = /<LocationConstraint>(.*)<\/LocationConstraint>/.exec(body)?.[1]
    if (this.buckets.has(bucket)) {
      refuse(response, 409, 'BucketAlreadyExists')
      return
    }
    if (constraint === 'us-east-1') {
      refuse(response, 400, 'InvalidLocationConstraint')
      return
    }
    const ownership = headers['x-amz-object-ownership']
    this.addBucket(bucket, {
      region: constraint ?? 'us-east-1',
      settings: new Map([
        ['publicAccessBlock', writeBlock(true)],
        [
          'ownershipControls',
          `<OwnershipControls><Rule><ObjectOwnership>${ownership}</ObjectOwnership></Rule></OwnershipControls>`,
        ],
      ]),
    })
    send(response, '')
  }

  #answerBucket(request: S3Request, response: ServerResponse): void {
    const bucket = this.buckets.get(request.bucket)
    const scope = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1]
    const expectedOwner = request.headers['x-amz-expected-bucket-owner'] ?? bucket?.owner
    if (bucket === undefined) refuse(response, 404, 'NoSuchBucket')
    else if (bucket.owner !== CALLER_ACCOUNT || expectedOwner !== bucket.owner)
      refuse(response, 403, 'AccessDenied')
    else if (scope === undefined) answerAnonymously(bucket, request, this.isAccountBlocked, response)
    else if (bucket.region !== scope)
      refuse(response, 301, 'PermanentRedirect', 'wrong endpoint', { 'x-amz-bucket-region': bucket.region })
    else if (request.key !== '') answerObject(bucket, request, response)
    else if (request.query.has('location'))
      send(
        response,
        `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${bucket.region === 'us-east-1' ? '' : bucket.region}</LocationConstraint>`,
      )
    else if (request.query.has('list-type')) listObjects(bucket, response)
    else answerSetting(bucket, request, response)
  }
}

/** The document that says which ways to the public are closed. */
export function writeBlock(isClosed: boolean): string {
  const names = ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets']
  const members = names.map((name) => `<${name}>${isClosed}</${name}>`).join('')
  return `<PublicAccessBlockConfiguration>${members}</PublicAccessBlockConfiguration>`
}

function answerSetting(bucket: S3Bucket, { method, query, body }: S3Request, response: ServerResponse): void {
  const name = Object.keys(ABSENCE_CODES).find((candidate) => query.has(candidate)) ?? ''
  const setting = bucket.settings.get(name)
  if (method === 'GET' && setting === undefined)
    refuse(response, 404, ABSENCE_CODES[name] ?? 'NotImplemented')
  else if (method === 'GET') send(response, setting ?? '')
  else if (method === 'DELETE') {
    bucket.settings.delete(name)
    send(response, '')
  } else if (name === 'policy' && isPolicyBlocked(bucket))
    refuse(
      response,
      403,
      'AccessDenied',
      'not authorized to perform: s3:PutBucketPolicy because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.',
    )
  else {
    bucket.settings.set(name, body)
    send(response, '')
  }
}

function isPolicyBlocked({ settings }: S3Bucket): boolean {
  return (settings.get('publicAccessBlock') ?? '').includes('<BlockPublicPolicy>true<')
}

function answerObject(bucket: S3Bucket, request: S3Request, response: ServerResponse): void {
  const { method, key, headers, body } = request
  const object = bucket.objects.get(key)
  if (method === 'PUT' && headers['x-amz-acl'] !== undefined)
    refuse(response, 400, 'AccessControlListNotSupported')
  else if (method === 'PUT') {
    const kept = Object.entries(headers).filter(([name]) =>
      /^(?:content-type|cache-control|x-amz-meta-.*)$/.test(name),
    )
    bucket.objects.set(key, { body, headers: Object.fromEntries(kept) as Record<string, string> })
    send(response, '')
  } else if (object === undefined) refuse(response, 404, 'NoSuchKey')
  else response.writeHead(200, object.headers).end(object.body)
}

/** As S3 does for requests that nobody signed: by the policy, or by the object's ACL where ACLs count. */
function answerAnonymously(
  bucket: S3Bucket,
  request: S3Request,
  isAccountBlocked: boolean,
  response: ServerResponse,
): void {
  if (!(isAccountBlocked && bucket.settings.has('policy')) && isPublic(bucket, request))
    answerObject(bucket, request, response)
  else refuse(response, 403, 'AccessDenied')
}

/** Whether everyone may read an object. */
export function isPublic(
  { settings, objects }: S3Bucket,
  { bucket, key }: Pick<S3Request, 'bucket' | 'key'>,
): boolean {
  const block = settings.get('publicAccessBlock') ?? ''
  const isOn = (name: string) => block.includes(`<${name}>true<`)
  const { Statement = [] } = JSON.parse(settings.get('policy') ?? '{}')
  const isAllowed = Statement.some(
    ({ Effect, Resource }: { Effect: string; Resource: string | readonly string[] }) =>
      Effect === 'Allow' && [Resource].flat().includes(`arn:aws:s3:::${bucket}/${key}`),
  )
  const areAclsOff =
    isOn('IgnorePublicAcls') || (settings.get('ownershipControls') ?? '').includes('BucketOwnerEnforced')
  const hasPublicAcl = objects.get(key)?.headers['x-amz-acl'] === 'public-read'
  return (isAllowed && !isOn('RestrictPublicBuckets')) || (hasPublicAcl && !areAclsOff)
}

function listObjects({ objects }: S3Bucket, response: ServerResponse): void {
  const entries = [...objects.keys()].slice(0, 3).map((key) => `<Contents><Key>${key}</Key></Contents>`)
  send(response, `<ListBucketResult>${entries.join('')}</ListBucketResult>`)
}

function answerSts(response: ServerResponse): void {
  send(
    response,
    `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::${CALLER_ACCOUNT}:user/test</Arn><UserId>AIDATEST</UserId><Account>${CALLER_ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
  )
}

function send(response: ServerResponse, xml: string): void {
  response.writeHead(200, { 'content-type': 'application/xml' }).end(xml)
}

function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  message = code,
  headers: Readonly<Record<string, string>> = {},
  region?: string,
): void {
  const hint = region === undefined ? '' : `<Region>${region}</Region>`
  response
    .writeHead(status, { 'content-type': 'application/xml', ...headers })
    .end(`<Error><Code>${code}</Code><Message>${message}</Message>${hint}</Error>`)
}
