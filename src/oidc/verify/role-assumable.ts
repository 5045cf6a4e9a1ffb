import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { AwsCallError, callAws } from '../../aws/call-failure.ts'
import { quoteText } from '../../text/quoted-text.ts'
import type { ClientOptions } from './aws-access.ts'
import { type Flaw, fail, pass, type Verdict } from './check.ts'

const SESSION_NAME = 'pod-identity-webhook-verify'

/** The shortest that STS grants: the credentials are thrown away. */
const SESSION_SECONDS = 900

/** Takes the role with the token, as a pod would: an unsigned call that needs no AWS credentials. */
export async function checkRoleAssumable(
  roleArn: string,
  token: string,
  options: ClientOptions,
): Promise<Verdict> {
  const client = new STSClient(options)
  const command = new AssumeRoleWithWebIdentityCommand({
    RoleArn: roleArn,
    RoleSessionName: SESSION_NAME,
    WebIdentityToken: token,
    DurationSeconds: SESSION_SECONDS,
  })
  try {
    const call = { action: 'sts:AssumeRoleWithWebIdentity', resource: roleArn }
    const { AssumedRoleUser: user } = await callAws(call, () => client.send(command))
    return pass(`STS gives credentials of ${user?.Arn ?? roleArn}`)
  } catch (error) {
    if (!(error instanceof AwsCallError)) throw error
    return fail(explainRefusal(error))
  } finally {
    client.destroy()
  }
}

/** What STS means by its codes and texts; the first that fits counts. */
const REFUSALS: readonly (readonly [code: RegExp, text: RegExp, meaning: Flaw])[] = [
  [
    /^InvalidIdentityToken/,
    /No OpenIDConnect provider found/i,
    {
      message: "the role's account has no OIDC provider for this issuer",
      hint: 'create it there with `pod-identity-webhook oidc provider`',
    },
  ],
  [
    /^InvalidIdentityToken/,
    /audience/i,
    {
      message: 'the OIDC provider does not take this audience',
      hint: 'add it with `pod-identity-webhook oidc provider --audience`',
    },
  ],
  [
    /^InvalidIdentityToken/,
    /verification key|signature|\bkid\b|jwks/i,
    {
      message: 'STS cannot verify the token with the published keys',
      hint: 'check that the internet sees the documents that this machine sees; STS may keep keys for some minutes after a change',
    },
  ],
  [
    /^InvalidIdentityToken/,
    /(?:)/,
    {
      message: 'STS does not accept the token',
      hint: 'check that the internet sees the documents that this machine sees, and that they are served with a certificate of a public authority',
    },
  ],
  [
    /^IDPCommunicationError/,
    /(?:)/,
    {
      message: 'STS cannot reach the issuer',
      hint: 'let the internet reach it on port 443 (firewall, public DNS, certificate of a public authority), then try again',
    },
  ],
  [
    /^IDPRejectedClaim/,
    /(?:)/,
    { message: 'STS does not accept a claim of the token', hint: 'check aud, iss and exp, and the clocks' },
  ],
  [
    /^AccessDenied/,
    /(?:)/,
    {
      message: 'the role does not trust this token, or there is no such role',
      hint: 'check --role-arn, and the trust policy: role-trusts does with AWS credentials; policies of the organisation may deny it too',
    },
  ],
  [
    /^ExpiredToken/,
    /(?:)/,
    {
      message: 'STS takes the fresh token for expired',
      hint: 'correct the clock of the API server (NTP)',
    },
  ],
  [
    /^RegionDisabled/,
    /(?:)/,
    {
      message: "STS is not active in this region for the role's account",
      hint: 'activate it in IAM, "Account settings", or choose another region by --region',
    },
  ],
  [
    /^ValidationError/,
    /(?:)/,
    { message: 'STS takes the role or the token for malformed', hint: 'check --role-arn' },
  ],
]

function explainRefusal(error: AwsCallError): Flaw {
  const text = error.cause instanceof Error ? error.cause.message : ''
  const meaning = REFUSALS.find(
    ([code, words]) => error.status !== 0 && code.test(error.code) && words.test(text),
  )?.[2]
  if (meaning === undefined) return { message: hideTokens(error.message), hint: '' }
  return {
    message: `${meaning.message} (${error.code}: ${quoteText(hideTokens(text))})`,
    hint: meaning.hint,
  }
}

/** JSON in base64url begins so; STS may repeat what it was sent. */
function hideTokens(text: string): string {
  return text.replaceAll(/eyJ[\w-]+(?:\.[\w-]*)*/g, '[token]')
}
