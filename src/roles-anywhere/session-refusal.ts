import type { HttpReply } from '../aws/http-exchange.ts'
import { RolesAnywhereError } from './roles-anywhere-error.ts'

/** What the service says, by words of it, and what to check then; the first that fits counts. */
const CHECKS: readonly (readonly [says: RegExp, check: string])[] = [
  [
    /signature.*(?:expired|not yet current)|invalidsignature|skew|not current|requestexpired/i,
    "this machine's clock, which may differ from AWS's by 5 minutes",
  ],
  [/revoked/i, 'whether the certificate is in the revocation list of the trust anchor'],
  [
    /insufficient certificate/i,
    'that the certificate is of X.509 version 3, is no CA, and has key usage digitalSignature',
  ],
  [
    /untrusted|chain/i,
    "that the trust anchor's CA issued the certificate, that --intermediates holds what is between them, and that the CA has basic constraints CA:TRUE",
  ],
  [/disabled|not enabled/i, 'that trust anchor and profile are enabled'],
  [
    /session tags?|attributes? .*mapped/i,
    "that the role's trust policy allows sts:TagSession, and the profile's attribute mappings",
  ],
  [
    /assume ?role|unable to assume/i,
    "that the role's trust policy lets rolesanywhere.amazonaws.com do sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity, and that its conditions fit the certificate",
  ],
  [/role|profile/i, 'that the profile is enabled and lists the role'],
  [/duration/i, "that the profile's and the role's longest session are not shorter than --session-duration"],
]

const GENERAL_CHECK =
  "this machine's clock, that trust anchor and profile are enabled, that the trust anchor's CA issued the certificate and has basic constraints CA:TRUE, and that the profile lists the role"

/** Longer texts of the service are cut, so that the line stays one. */
const MAX_MESSAGE_CHARACTERS = 300

/** The error for a reply that brings no session: what the service said, and what to check. */
export function describeRefusal(reply: HttpReply): RolesAnywhereError {
  const { status, headers } = reply
  if (status >= 300 && status < 400) {
    return new RolesAnywhereError(
      `CreateSession is redirected (HTTP ${status}), which AWS does not do; check --endpoint`,
    )
  }
  const { type, message } = readError(reply)
  const requestId = cleanText(headers['x-amzn-requestid'])
  const said = [type, message].filter((text) => text !== '').join(': ')
  const where = requestId === '' ? `HTTP ${status}` : `HTTP ${status}, request ${requestId}`
  const subject = said === '' ? `CreateSession fails (${where})` : `CreateSession fails: ${said} (${where})`
  if (status >= 500 || status === 429) return new RolesAnywhereError(`${subject}; try again later`)
  return new RolesAnywhereError(`${subject}; check ${findCheck(said)}`)
}

function findCheck(said: string): string {
  return CHECKS.find(([says]) => says.test(said))?.[1] ?? GENERAL_CHECK
}

function readError({ headers, body }: HttpReply): { readonly type: string; readonly message: string } {
  const { code, __type, message, Message } = parseObject(body)
  const header = headers['x-amzn-errortype']
  // In the header and in __type, a namespace may stand before the name or a URL after it.
  const type = cleanText(header ?? code ?? __type)
    .replace(/^.*#/, '')
    .replace(/:.*$/, '')
  return { type, message: cleanText(message ?? Message) }
}

function parseObject(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function cleanText(value: unknown): string {
  if (typeof value !== 'string') return ''
  return value
    .replaceAll(/[\s\p{C}]+/gu, ' ')
    .trim()
    .slice(0, MAX_MESSAGE_CHARACTERS)
}
