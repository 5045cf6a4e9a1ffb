import { isThrottlingError, isTransientError } from '@smithy/core/retry'
import t from 'tap'
import { choosePauseMs, judgeFailure } from '../../../src/aws/calls/retry-policy.ts'
import { NoAnswerError } from '../../../src/aws/calls/service-attempt.ts'
import { ServiceError, UnreadableReplyError } from '../../../src/aws/calls/service-error.ts'

const asSdkError = (facts: object) =>
  Object.assign(new Error('x'), facts) as Error as Parameters<typeof isTransientError>[0]

t.test('failures are judged as by the SDK', async (t) => {
  const codes = [
    'Throttling ThrottlingException TooManyRequestsException RequestLimitExceeded SlowDown LimitExceededException',
    'RequestTimeout RequestTimeoutException AccessDeniedException ServerException InvalidParameterException',
  ]
  for (const code of codes.join(' ').split(' ')) {
    for (const status of [400, 403, 429, 500, 501, 502, 503, 504, 599]) {
      const theirs = asSdkError({ name: code, $metadata: { httpStatusCode: status } })
      const verdict = isThrottlingError(theirs)
        ? 'throttled'
        : isTransientError(theirs)
          ? 'transient'
          : 'final'
      t.equal(judgeFailure(new ServiceError(code, 'x', status)), verdict, `${code}, HTTP ${status}`)
    }
  }
  for (const code of 'ECONNRESET ECONNREFUSED EPIPE ETIMEDOUT EHOSTUNREACH ENOTFOUND EAI_AGAIN EPROTO'.split(
    ' ',
  )) {
    const cause = asSdkError({ code })
    const verdict = isTransientError(cause) ? 'transient' : 'final'
    t.equal(judgeFailure(new NoAnswerError('host', cause, 1)), verdict, code)
  }
  const timeout = new DOMException('x', 'TimeoutError')
  t.equal(judgeFailure(new NoAnswerError('host', timeout, 1)), 'transient')
  t.equal(judgeFailure(new ServiceError('IDPCommunicationError', 'x', 400)), 'transient')
  t.equal(judgeFailure(new UnreadableReplyError(503)), 'transient')
  t.equal(judgeFailure(new UnreadableReplyError(200)), 'final')
  t.equal(judgeFailure(new TypeError('x')), 'final')
})

t.test('pauses double, are drawn at random, and heed the service within limits', async (t) => {
  const rows = [
    [1, 'transient', undefined, 1, 50],
    [2, 'transient', undefined, 1, 100],
    [3, 'transient', undefined, 0.5, 100],
    [1, 'throttled', undefined, 0.5, 500],
    [2, 'throttled', undefined, 0.5, 1_000],
    [20, 'transient', undefined, 1, 20_000],
    [1, 'transient', 3_000, 0, 3_000],
    [1, 'transient', 60_000, 0, 5_000],
    [1, 'throttled', 10, 0.5, 500],
  ] as const
  for (const [attempt, verdict, hintMs, random, pauseMs] of rows) {
    t.equal(choosePauseMs(attempt, verdict, hintMs, random), pauseMs)
  }
})
