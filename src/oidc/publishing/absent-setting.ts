import { type AwsCall, AwsCallError, callAws } from '../../aws/call-failure.ts'

/** Makes a call that reads; `undefined` where S3 says by one of the codes that there is no such thing. Rejects with an AwsCallError. */
export async function readUnlessAbsent<Result>(
  call: AwsCall,
  absenceCodes: readonly string[],
  send: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await callAws(call, send)
  } catch (error) {
    if (error instanceof AwsCallError && absenceCodes.includes(error.code)) return undefined
    throw error
  }
}
