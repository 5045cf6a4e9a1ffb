import { type CheckWords, describeNetworkFailure, readNetworkFailure } from '../text/network-failure.ts'
import { toPrintableLine } from '../text/printable-line.ts'
import { CallSettingsError } from './calls/call-settings-error.ts'
import { NoAnswerError } from './calls/service-attempt.ts'
import { ServiceError, UnreadableReplyError } from './calls/service-error.ts'
import { explainCredentialFailure } from './credential-failure.ts'

/** A call of an AWS service that failed; `message` is one line with the cause and what to do. */
export class AwsCallError extends Error {
  override readonly name = 'AwsCallError'
  /** The service's word for the cause, such as `NoSuchBucket`; empty where no service answered. */
  readonly code: string
  /** HTTP status; 0 where no service answered. */
  readonly status: number

  constructor(
    message: string,
    answer: { readonly code: string; readonly status: number; readonly cause: unknown },
  ) {
    super(message, { cause: answer.cause })
    this.code = answer.code
    this.status = answer.status
  }
}

/** What is called, as policies name it, and on what. */
export interface AwsCall {
  /** `s3:PutBucketPolicy`. */
  readonly action: string
  /** `arn:aws:s3:::BUCKET`, or words. */
  readonly resource: string
}

/** Makes a call, by the SDK or by `calls`. Rejects with an AwsCallError. */
export async function callAws<Result>(call: AwsCall, send: () => Promise<Result>): Promise<Result> {
  try {
    return await send()
  } catch (error) {
    throw toCallError(call, error)
  }
}

/** Whether a call failed because nothing says where AWS credentials could come from; a source that fails is another matter. */
export function areCredentialsMissing(error: unknown): boolean {
  return error instanceof AwsCallError && error.message.endsWith(NO_CREDENTIALS)
}

/** What the AWS SDK adds to errors. */
interface SdkError extends Error {
  /** Of S3, whose errors are not all modelled. */
  readonly Code?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
}

const NO_CREDENTIALS =
  'there are no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with `aws sso login`'

/** What to do about the causes that services name; keys are their codes. */
const REMEDIES: readonly (readonly [codes: RegExp, remedy: (call: AwsCall) => string])[] = [
  [
    /^(?:ExpiredToken(?:Exception)?|RequestExpired|TokenRefreshRequired)$/,
    () => 'the AWS credentials have expired: sign in again',
  ],
  [
    /^(?:InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|InvalidToken|SignatureDoesNotMatch|AuthFailure)$/,
    () => 'AWS does not know these credentials: check AWS_PROFILE, the access key and its secret',
  ],
  [
    /^(?:AccessDenied(?:Exception)?|Forbidden|UnauthorizedOperation)$/,
    ({ action, resource }) => `access denied: these credentials need ${action} on ${resource}`,
  ],
  [
    /^(?:RequestTimeTooSkewed|RequestInTheFuture)$/,
    () => "this machine's clock is more than minutes off: correct it (NTP)",
  ],
  [
    /^(?:OperationAborted|(?:EntityAlreadyExists|ConcurrentModification)(?:Exception)?)$/,
    () => 'somebody else changes it at the same moment: run the command again',
  ],
  [
    /^(?:Throttling(?:Exception)?|TooManyRequests(?:Exception)?|SlowDown|RequestLimitExceeded)$/,
    () => 'AWS asks to slow down: try again in a minute',
  ],
]

const WORDS: CheckWords = {
  endpoint: 'AWS_ENDPOINT_URL',
  region: 'the region',
  dns: 'DNS',
  network: 'the network',
  // Node's agents know proxies since that version.
  proxy: 'HTTPS_PROXY (which takes Node 24.5 or newer)',
  clock: "this machine's clock",
  authority: 'AWS_CA_BUNDLE',
}

function toCallError(call: AwsCall, error: unknown): AwsCallError {
  const { name, Code, message, $metadata } = toSdkError(error)
  const status = $metadata?.httpStatusCode ?? 0
  const serviceCode = status === 0 ? '' : (Code ?? name)
  const fail = (text: string) =>
    new AwsCallError(`${call.action}: ${text}`, { code: serviceCode, status, cause: error })
  if (name === 'CredentialsProviderError') {
    // The SDK reads the variables of the process, whatever a command's own are.
    const failure = explainCredentialFailure(message, process.env)
    return fail(failure.kind === 'missing' ? NO_CREDENTIALS : failure.message)
  }
  if (name === 'TokenProviderError')
    return fail('the AWS session has ended: sign in again with `aws sso login`')
  if (/^Region is missing/.test(message))
    return fail('no region is known: give --region, or set AWS_REGION or the region of the profile')
  if (error instanceof NoAnswerError || error instanceof CallSettingsError) return fail(message)
  if (status === 0)
    return fail(`the endpoint gives no answer: ${describeNetworkFailure(readNetworkFailure(error), WORDS)}`)
  // A signature that is too old says so only in the text.
  if (/^Signature (?:expired|not yet current)/.test(message))
    return fail("this machine's clock is more than minutes off: correct it (NTP)")
  const remedy = REMEDIES.find(([codes]) => codes.test(serviceCode))?.[1]
  return fail(remedy?.(call) ?? `${serviceCode}: ${toLine(message)} (HTTP ${status})`)
}

/** An error of `calls` as the SDK would write it; any other as it is. */
function toSdkError(error: unknown): SdkError {
  if (error instanceof ServiceError) {
    const { code, words, status } = error
    return { name: code, message: words, $metadata: { httpStatusCode: status } }
  }
  if (error instanceof UnreadableReplyError)
    return {
      name: error.name,
      message: 'the answer cannot be read',
      $metadata: { httpStatusCode: error.status },
    }
  return error as SdkError
}

function toLine(message: string): string {
  return toPrintableLine(message.replaceAll(/\s+/g, ' ').trim().slice(0, 300))
}
