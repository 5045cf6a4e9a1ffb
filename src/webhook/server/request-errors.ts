import type { FastifyRequest } from 'fastify'
import type { Logger } from '../../telemetry/logger.ts'
import { quoteText } from '../../text/quoted-text.ts'
import { type ReviewAnswer, refuse } from '../admission/answer.ts'
import type { Reviewer } from '../reviewer.ts'

/** A body that is no JSON. */
class BodyError extends Error {
  override readonly name = 'BodyError'
}

/**
 * Parses a body with `JSON.parse` alone, which saves a tenth of a request's time over Fastify's own parser.
 *
 * Its guard against `__proto__` is not needed: a review is read and never merged into another object. Errors say
 * nothing of the body, as V8's own would.
 */
export function parseBody(
  _request: FastifyRequest,
  body: string,
  done: (error: Error | null, parsed?: unknown) => void,
): void {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    done(new BodyError(body === '' ? 'the body is empty' : 'the body is not JSON'))
    return
  }
  done(null, parsed)
}

/** Where there was no whole body to read. */
export const SENDER_LEFT = 'the sender left, or was cut for being slow, before the end of the body'

/** Answers a request that never became a review. */
export function answerRequestError(
  error: unknown,
  request: FastifyRequest,
  reviewer: Pick<Reviewer, 'reject'>,
  logger: Logger,
): ReviewAnswer {
  if (error instanceof BodyError) return reviewer.reject('body_unreadable', error.message)
  switch (readCode(error)) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return reviewer.reject('body_too_large', 'the body is over 7 MiB')
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return reviewer.reject('wrong_content_type', describeContentType(request.headers['content-type']))
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'ECONNRESET':
      return reviewer.reject('body_unreadable', SENDER_LEFT)
    default:
      logger.error({ err: error }, 'a request failed for a reason that is not foreseen')
      return refuse(500, 'the webhook failed')
  }
}

function describeContentType(value: string | undefined): string {
  if (value === undefined) return 'there is no content type; it must be application/json'
  return `the content type ${quoteText(value)} is not application/json`
}

function readCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
