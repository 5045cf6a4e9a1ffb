/** Pauses between tries: some seconds pass until all of S3 knows a new bucket, and that its policy may be public. */
export const SETTLING_PAUSES_MS = [1000, 2000, 4000] as const
