import type { Socket } from 'node:net'
import type { Logger } from '../../telemetry/logger.ts'
import type { ResponseCounter } from './response-counter.ts'

type ClientErrorHandler = (error: NodeJS.ErrnoException, socket: Socket) => void

/**
 * Handles what goes wrong on a connection before there is a request: its handshake, its headers, its slowness.
 *
 * What is not HTTP gets a line of text and the end of the connection; a failed handshake just the end.
 */
export function createClientErrorHandler(
  countResponse: ResponseCounter,
  logger: Logger,
  keepAliveTimeoutMs: number,
): ClientErrorHandler {
  return (error, socket) => {
    const { code = '' } = error
    // Go opens connections ahead and keeps those that it did not need: they may idle as long as one that was used.
    if (code === TOO_SLOW && socket.bytesRead === 0) {
      socket.setTimeout(keepAliveTimeoutMs)
      return
    }
    const response = chooseResponse(code)
    if (response !== undefined && socket.writable) {
      countResponse('other', 'other', response.statusCode)
      logger.warn({ code, statusCode: response.statusCode }, `connection closed: ${response.line}`)
      socket.write(formatResponse(response))
    } else if (isHandshakeFailure(code)) {
      // A wrong caBundle shows here and nowhere else: the client says that it does not know the authority.
      logger.warn({ code }, 'TLS handshake failed')
    }
    socket.destroy()
  }
}

interface ErrorResponse {
  readonly statusCode: number
  readonly statusText: string
  readonly line: string
}

const TOO_SLOW = 'ERR_HTTP_REQUEST_TIMEOUT'

/** The end of the connection amid a request: nobody reads an answer. */
const CLIENT_LEFT = 'HPE_INVALID_EOF_STATE'

function chooseResponse(code: string): ErrorResponse | undefined {
  if (code === TOO_SLOW) {
    return { statusCode: 408, statusText: 'Request Timeout', line: 'the request took too long to come' }
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return {
      statusCode: 431,
      statusText: 'Request Header Fields Too Large',
      line: 'the headers are too large',
    }
  }
  if (code.startsWith('HPE_') && code !== CLIENT_LEFT)
    return { statusCode: 400, statusText: 'Bad Request', line: 'this is not HTTP' }
  return undefined
}

/** Clients that hang up, such as port checks of load balancers, are no failure. */
function isHandshakeFailure(code: string): boolean {
  return code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')
}

function formatResponse({ statusCode, statusText, line }: ErrorResponse): string {
  return [
    `HTTP/1.1 ${statusCode} ${statusText}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(line) + 1}`,
    'Connection: close',
    '',
    `${line}\n`,
  ].join('\r\n')
}
