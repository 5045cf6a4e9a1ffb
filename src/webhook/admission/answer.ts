import type { ReviewRequest } from './review.ts'

/** What goes back over HTTP for one review. */
export interface ReviewAnswer {
  readonly statusCode: number
  readonly contentType: string
  readonly body: string
}

/** What the API server passes on to whoever made the request, and to its audit log. */
export interface Remarks {
  /** One line each. */
  readonly warnings: readonly string[]
  /** The API server puts the webhook's name and a slash before each key. */
  readonly auditAnnotations: Readonly<Record<string, string>>
}

/**
 * Admits the pod, with a JSON Patch where there is one, as an AdmissionReview of the request's own version.
 *
 * The answer is put together as text: a base64 patch needs no escaping, so nothing large is serialized twice.
 */
export function admit(request: ReviewRequest, patch: string | undefined, remarks: Remarks): ReviewAnswer {
  let response = `{"uid":${JSON.stringify(request.uid)},"allowed":true`
  if (patch !== undefined) {
    response += `,"patchType":"JSONPatch","patch":"${encodeBase64(patch)}"`
  }
  if (remarks.warnings.length > 0) response += `,"warnings":${JSON.stringify(remarks.warnings)}`
  response += `,"auditAnnotations":${JSON.stringify(remarks.auditAnnotations)}}`
  return {
    statusCode: 200,
    contentType: 'application/json',
    body: `{"apiVersion":"${request.apiVersion}","kind":"AdmissionReview","response":${response}}`,
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
const ASCII = /^[\x00-\x7f]*$/

/** Without a Buffer, whose memory the garbage collector keeps a list of. */
function encodeBase64(text: string): string {
  return ASCII.test(text) ? btoa(text) : Buffer.from(text).toString('base64')
}

/** Refuses to answer with one line of text, so that the failurePolicy of the webhook's registration decides. */
export function refuse(statusCode: number, line: string): ReviewAnswer {
  return { statusCode, contentType: 'text/plain; charset=utf-8', body: `${line}\n` }
}
