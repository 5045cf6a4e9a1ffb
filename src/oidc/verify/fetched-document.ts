import type { Environment } from '../../aws/endpoint.ts'
import { exchange, type HttpReply } from '../../aws/http-exchange.ts'
import { findProxy } from '../../aws/proxy.ts'
import { isObject } from '../../iam/trust-policy.ts'
import { quoteText } from '../../text/quoted-text.ts'
import type { Flaw } from './check.ts'
import { explainNetworkFailure } from './network-failure.ts'

/** A public document that was asked for as STS asks for it. */
export type FetchedDocument =
  | {
      readonly kind: 'read'
      readonly members: Readonly<Record<string, unknown>>
      readonly remarks: readonly Flaw[]
    }
  | { readonly kind: 'failed'; readonly flaw: Flaw }

/** How documents are asked for. */
export interface FetchSurroundings {
  readonly env: Environment
  readonly timeoutMs: number
}

const S3_HINT = 'publish it again with `pod-identity-webhook oidc publish`, or let everyone read it'

/**
 * Reads a JSON object of at most 1 MiB over HTTPS. Redirects are not followed, and `AWS_CA_BUNDLE` does not count: STS
 * does neither.
 */
export async function fetchDocument(
  url: string,
  { env, timeoutMs }: FetchSurroundings,
): Promise<FetchedDocument> {
  const broken = (message: string, hint: string): FetchedDocument => ({
    kind: 'failed',
    flaw: { message: `${nameUrl(url)}: ${message}`, hint },
  })
  if (!/^https:\/\//i.test(url) || !URL.canParse(url))
    return {
      kind: 'failed',
      flaw: {
        message: `${quoteText(url)} is no https URL`,
        hint: 'STS reads documents over HTTPS alone: publish them there',
      },
    }
  try {
    const target = new URL(url)
    const reply = await exchange(
      { url: target, method: 'GET', headers: { accept: 'application/json' }, body: '' },
      { proxy: findProxy(target, env), ca: undefined, isCertificateVerified: true },
      AbortSignal.timeout(timeoutMs),
    )
    if (reply.status >= 300 && reply.status < 400)
      return broken(
        `it redirects to ${quoteText(reply.headers.location ?? '')} (HTTP ${reply.status})`,
        'STS follows no redirects: serve the document at this URL itself',
      )
    if (reply.status !== 200) return broken(`it answers HTTP ${reply.status}, not 200`, S3_HINT)
    const members = parseObject(reply.body)
    if (members === undefined) return broken('it is no JSON object', S3_HINT)
    return { kind: 'read', members, remarks: remarkOnType(nameUrl(url), reply) }
  } catch (error) {
    const { message, hint } = explainNetworkFailure(error, timeoutMs)
    return broken(message, hint)
  }
}

/** A URL as one short line: percent-encoding leaves nothing that a terminal acts on. */
export function nameUrl(url: string): string {
  return new URL(url).href.slice(0, 300)
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function remarkOnType(name: string, { headers }: HttpReply): readonly Flaw[] {
  const type = headers['content-type'] ?? ''
  if (/^application\/(?:[\w.-]+\+)?json\b/i.test(type)) return []
  return [
    {
      message: `${name}: its content type is ${quoteText(type)}`,
      hint: 'serve it as application/json',
    },
  ]
}
