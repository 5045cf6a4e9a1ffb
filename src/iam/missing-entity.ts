import { AwsCallError } from '../aws/call-failure.ts'

/** For `catch`: what IAM does not have is `undefined`; other failures are thrown again. */
export function toUndefined(error: unknown): undefined {
  // The SDK names the modelled error NoSuchEntityException, others by the code alone.
  if (error instanceof AwsCallError && error.code.startsWith('NoSuchEntity')) return undefined
  throw error
}
