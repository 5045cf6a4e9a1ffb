import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { listenOnLoopback } from './loopback-listener.ts'
import { checkCreateSession, type ReceivedRequest, type Refusal } from './roles-anywhere-check.ts'
import { answerStsCall, type IssuedCredentials } from './sts-endpoint.ts'

export const TRUST_ANCHOR_ARN =
  'arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/6f1c2d3e-0000-4000-8000-000000000001'
export const PROFILE_ARN =
  'arn:aws:rolesanywhere:eu-central-1:111122223333:profile/6f1c2d3e-0000-4000-8000-000000000002'
export const ROLE_ARN = 'arn:aws:iam::111122223333:role/nodes/image-puller'

/** What the server does to a request in place of answering it. */
export type Fault =
  | {
      readonly kind: 'status'
      readonly status: number
      readonly headers?: Record<string, string>
      readonly body?: string
    }
  | { readonly kind: 'hang' | 'reset' | 'half' | 'flood' }

/** A stand-in for IAM Roles Anywhere, and for STS to which clients then go with what they got. */
export interface RolesAnywhereServer {
  readonly url: string
  readonly port: number
  /** Requests to CreateSession, in order, those with faults too. */
  readonly received: readonly ReceivedRequest[]
  /** What the server found wrong, in order. */
  readonly refusals: readonly Refusal[]
  readonly issued: readonly IssuedCredentials[]
  /** Calls of STS that were right. */
  readonly stsCalls: readonly string[]
  /** Each is for one request, the first for the next. */
  readonly faults: Fault[]
  /** In place of what was asked for. */
  lifetimeSeconds: number | undefined
  /** Resolves at the next request to CreateSession. */
  nextRequest(): Promise<void>
  close(): Promise<void>
}

/** Starts it on 127.0.0.1. `authorities` are the trust anchor's, PEM. */
export async function startRolesAnywhereServer(
  authorities: readonly string[],
  options: { readonly tls?: { readonly cert: string; readonly key: string }; readonly now?: () => Date } = {},
): Promise<RolesAnywhereServer> {
  const { tls, now = () => new Date() } = options
  const received: ReceivedRequest[] = []
  const refusals: Refusal[] = []
  const issued: IssuedCredentials[] = []
  const stsCalls: string[] = []
  const faults: Fault[] = []
  let waiting: (() => void)[] = []
  const state = { lifetimeSeconds: undefined as number | undefined }

  const answerCreateSession = (request: ReceivedRequest, response: ServerResponse) => {
    received.push(request)
    for (const resolve of waiting.splice(0)) resolve()
    const fault = faults.shift()
    if (fault !== undefined) return playFault(fault, response)
    const refusal = checkCreateSession(request, { authorities, now: now() })
    if (refusal !== undefined) {
      refusals.push(refusal)
      response.setHeader('x-amzn-ErrorType', `${refusal.type}:http://internal.amazon.com/`)
      return sendJson(response, refusal.status, { message: refusal.message })
    }
    const { durationSeconds } = JSON.parse(request.body) as { readonly durationSeconds: number }
    const lifetimeMs = (state.lifetimeSeconds ?? durationSeconds) * 1000
    const credentials = {
      accessKeyId: `ASIATEST${String(issued.length).padStart(12, '0')}`,
      secretAccessKey: `secret/${issued.length}+${'s'.repeat(30)}`,
      sessionToken: `token${issued.length}//${'t'.repeat(200)}==`,
      expiration: `${new Date(now().getTime() + lifetimeMs).toISOString().slice(0, 19)}Z`,
    }
    issued.push(credentials)
    sendJson(response, 201, {
      credentialSet: [{ credentials, roleArn: ROLE_ARN }],
      subjectArn: 'arn:aws:rolesanywhere:…',
    })
  }

  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    const body = await text(incoming).catch(() => '')
    const request = {
      method: incoming.method ?? '',
      url: incoming.url ?? '',
      rawHeaders: incoming.rawHeaders,
      body,
    }
    if (request.url.startsWith('/sessions')) return answerCreateSession(request, response)
    const { status, answer, call } = answerStsCall(request, issued)
    if (call !== undefined) stsCalls.push(call)
    response.writeHead(status, { 'Content-Type': 'text/xml' }).end(answer)
  }
  const { url, port, close } = await listenOnLoopback(handle, tls)
  return {
    url,
    port,
    received,
    refusals,
    issued,
    stsCalls,
    faults,
    get lifetimeSeconds() {
      return state.lifetimeSeconds
    },
    set lifetimeSeconds(value) {
      state.lifetimeSeconds = value
    },
    nextRequest: () => new Promise((resolve) => waiting.push(resolve)),
    close() {
      waiting = []
      return close()
    },
  }
}

function playFault(fault: Fault, response: ServerResponse): void {
  switch (fault.kind) {
    case 'status':
      response.writeHead(fault.status, fault.headers).end(fault.body ?? '')
      return
    case 'hang':
      return
    case 'reset':
      response.socket?.resetAndDestroy()
      return
    case 'half':
      response.writeHead(201, { 'Content-Length': '1000' })
      response.write('{"credentialSet":[{"credentials":{"accessKeyId":"', () => response.destroy())
      return
    case 'flood':
      response.writeHead(201)
      response.on('error', () => {})
      for (let chunk = 0; chunk < 40; chunk++) response.write('x'.repeat(65_536))
      response.end()
  }
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  response.setHeader('x-amzn-RequestId', '11111111-2222-3333-4444-555555555555')
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value))
}
