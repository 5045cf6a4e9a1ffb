import { request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { type LoopbackListener, listenOnLoopback } from '../../support/loopback-listener.ts'
import type { PublicStorage } from './issuer-storage.ts'

/** Verifies a token with nothing but what its issuer publishes, as STS does. Rejects where it does not. */
export async function verifyWithPublished(
  storage: PublicStorage,
  issuerUrl: string,
  token: string,
): Promise<{ readonly subject: string | undefined; readonly kids: readonly string[] }> {
  const discovery = await readDocument<{ jwks_uri: string }>(
    storage,
    `${issuerUrl}/.well-known/openid-configuration`,
  )
  const keys = await readDocument<JSONWebKeySet>(storage, discovery.jwks_uri)
  const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
    issuer: issuerUrl,
    audience: 'sts.amazonaws.com',
    requiredClaims: ['exp', 'sub'],
  })
  return { subject: payload.sub, kids: keys.keys.map(({ kid = '' }) => kid) }
}

async function readDocument<Document>(storage: PublicStorage, url: string): Promise<Document> {
  const { status, body } = await storage.read(url)
  if (status !== 200) throw new Error(`${url}: ${status}`)
  return JSON.parse(body) as Document
}

/** STS as moto has it, but for one thing: who shows a token gets credentials only if it verifies with what is published. */
export interface VerifyingSts extends LoopbackListener {
  /** Whether it reaches the issuer. */
  isIssuerReachable: boolean
}

/** Starts it in front of moto, which takes any text for a token. */
export async function startVerifyingSts(
  motoUrl: string,
  storage: PublicStorage,
  issuerUrl: string,
): Promise<VerifyingSts> {
  const findRefusal = async (parameters: URLSearchParams): Promise<string | undefined> => {
    if (parameters.get('Action') !== 'AssumeRoleWithWebIdentity') return undefined
    if (!sts.isIssuerReachable) return "Couldn't retrieve verification key from your identity provider"
    const token = parameters.get('WebIdentityToken') ?? ''
    return verifyWithPublished(storage, issuerUrl, token).then(
      () => undefined,
      (error: Error) => error.message,
    )
  }
  const listener = await listenOnLoopback(async (incoming, response) => {
    const body = await buffer(incoming)
    const refusal = await findRefusal(new URLSearchParams(body.toString()))
    if (refusal !== undefined) {
      const error = `<Error><Type>Sender</Type><Code>InvalidIdentityToken</Code><Message>${refusal}</Message></Error>`
      response.writeHead(400, { 'content-type': 'text/xml' })
      response.end(`<ErrorResponse>${error}</ErrorResponse>`)
      return
    }
    const { method, url = '/', headers } = incoming
    const outgoing = request(new URL(url, motoUrl), { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    outgoing.on('error', () => response.destroy())
    outgoing.end(body)
  }, undefined)
  const sts: VerifyingSts = { ...listener, isIssuerReachable: true }
  return sts
}
