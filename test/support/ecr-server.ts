import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { listenOnLoopback } from './loopback-listener.ts'
import { checkSignature, type KnownCredentials } from './signature-check.ts'

export type ServiceName = 'ecr' | 'ecr-public' | 'sts'

/** What the server does to a request in place of answering it. */
export type ServiceFault =
  | { readonly kind: 'answer'; readonly status: number; readonly body: string; readonly type?: string }
  | { readonly kind: 'hang' | 'reset' }

/** A call that was right. */
export interface ServiceCall {
  readonly service: ServiceName
  /** As it is signed for; none at STS, where the token is the proof. */
  readonly region: string
  readonly accessKeyId: string
  readonly host: string
  readonly parameters: Readonly<Record<string, string>>
}

/** A stand-in for ECR, ECR Public and STS at one endpoint. */
export interface EcrServer {
  readonly url: string
  readonly port: number
  readonly calls: readonly ServiceCall[]
  /** Requests of any kind and outcome. */
  readonly requestCount: number
  readonly refusals: readonly string[]
  /** Each is for one request to the service, the first for the next; `always` for all after them. */
  readonly faults: Record<ServiceName, ServiceFault[]>
  readonly always: Partial<Record<ServiceName, ServiceFault>>
  /** Whose signatures are taken; STS adds to it. */
  readonly credentials: KnownCredentials[]
  authorizationToken: string | undefined
  expiresAt: Date | undefined
  close(): Promise<void>
}

export const PASSWORD = `eyJwYXlsb2FkIjoi${'Qx7'.repeat(60)}In0=`
export const STATIC_CREDENTIALS = {
  accessKeyId: 'AKIATEST000000000001',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYtestsecret1',
}

const TARGETS: Readonly<Record<string, ServiceName>> = {
  'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken': 'ecr',
  'SpencerFrontendService.GetAuthorizationToken': 'ecr-public',
}

/** Starts it on 127.0.0.1. `acceptedTokens` are those that STS gives roles for. */
export async function startEcrServer(
  options: {
    readonly tls?: { readonly cert: string; readonly key: string }
    readonly acceptedTokens?: readonly string[]
  } = {},
): Promise<EcrServer> {
  const { tls, acceptedTokens = [] } = options
  const calls: ServiceCall[] = []
  const refusals: string[] = []
  const faults: Record<ServiceName, ServiceFault[]> = { ecr: [], 'ecr-public': [], sts: [] }
  const always: Partial<Record<ServiceName, ServiceFault>> = {}
  const credentials: KnownCredentials[] = [STATIC_CREDENTIALS]
  const state = {
    requestCount: 0,
    authorizationToken: Buffer.from(`AWS:${PASSWORD}`).toString('base64') as string | undefined,
    expiresAt: new Date(Date.now() + 12 * 3_600_000) as Date | undefined,
  }

  const answerRegistry = (
    service: ServiceName,
    incoming: IncomingMessage,
    body: string,
    response: ServerResponse,
  ) => {
    const verdict = checkSignature(
      { method: incoming.method ?? '', headers: incoming.headers, body },
      credentials,
    )
    if (verdict.kind === 'wrong' || verdict.service !== service) {
      const code = verdict.kind === 'wrong' ? verdict.code : 'WrongServiceException'
      refusals.push(code)
      return sendJson(response, 400, { __type: code, message: 'The request is not signed as it must be.' })
    }
    const { accessKeyId, region } = verdict
    calls.push({
      service,
      region,
      accessKeyId,
      host: incoming.headers.host ?? '',
      parameters: JSON.parse(body),
    })
    const data = {
      authorizationToken: state.authorizationToken,
      ...(state.expiresAt === undefined ? {} : { expiresAt: state.expiresAt.getTime() / 1000 }),
      ...(service === 'ecr'
        ? { proxyEndpoint: 'https://111122223333.dkr.ecr.eu-central-1.amazonaws.com' }
        : {}),
    }
    sendJson(response, 200, { authorizationData: service === 'ecr' ? [data] : data })
  }
  const answerSts = (incoming: IncomingMessage, body: string, response: ServerResponse) => {
    const parameters = Object.fromEntries(new URLSearchParams(body))
    const { WebIdentityToken: token = '', Action: action } = parameters
    if (action !== 'AssumeRoleWithWebIdentity' || incoming.headers.authorization !== undefined) {
      refusals.push('InvalidAction')
      return sendXml(response, 400, writeStsError('InvalidAction', 'signed, or of another action'))
    }
    if (!acceptedTokens.includes(token)) {
      refusals.push('InvalidIdentityToken')
      return sendXml(response, 400, writeStsError('InvalidIdentityToken', `The token ${token} is not valid`))
    }
    const issued = {
      accessKeyId: `ASIAROLE${String(credentials.length).padStart(12, '0')}`,
      secretAccessKey: `role/secret+${'S3'.repeat(14)}`,
      sessionToken: `RoleSession//${'t0K'.repeat(60)}==`,
    }
    credentials.push(issued)
    calls.push({ service: 'sts', region: '', accessKeyId: '', host: incoming.headers.host ?? '', parameters })
    sendXml(
      response,
      200,
      `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>${issued.accessKeyId}</AccessKeyId><SecretAccessKey>${issued.secretAccessKey}</SecretAccessKey><SessionToken>${issued.sessionToken}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
    )
  }
  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    state.requestCount++
    const body = await text(incoming).catch(() => '')
    const service = TARGETS[String(incoming.headers['x-amz-target'])] ?? 'sts'
    const fault = faults[service].shift() ?? always[service]
    if (fault !== undefined) return playFault(fault, response)
    if (service === 'sts') answerSts(incoming, body, response)
    else answerRegistry(service, incoming, body, response)
  }
  const { url, port, close } = await listenOnLoopback(handle, tls)
  return {
    url,
    port,
    calls,
    refusals,
    faults,
    always,
    credentials,
    get requestCount() {
      return state.requestCount
    },
    get authorizationToken() {
      return state.authorizationToken
    },
    set authorizationToken(value) {
      state.authorizationToken = value
    },
    get expiresAt() {
      return state.expiresAt
    },
    set expiresAt(value) {
      state.expiresAt = value
    },
    close,
  }
}

/** STS's way to say no. */
export function writeStsError(code: string, message: string): string {
  return `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>1</RequestId></ErrorResponse>`
}

function playFault(fault: ServiceFault, response: ServerResponse): void {
  switch (fault.kind) {
    case 'answer':
      response.writeHead(fault.status, { 'Content-Type': fault.type ?? 'application/x-amz-json-1.1' })
      response.end(fault.body)
      return
    case 'hang':
      return
    case 'reset':
      response.socket?.resetAndDestroy()
  }
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.1' }).end(JSON.stringify(value))
}

function sendXml(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'Content-Type': 'text/xml' }).end(body)
}
