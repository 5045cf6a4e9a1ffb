import { createLocalJWKSet, errors, type JWTPayload, jwtVerify } from 'jose'
import { quoteText } from '../../text/quoted-text.ts'
import { type Flaw, fail, pass, type Verdict } from './check.ts'
import type { ServiceAccountName } from './cluster.ts'
import type { ListedKey } from './listed-key.ts'

/** What a token must say. */
export interface ExpectedToken {
  readonly issuerUrl: string
  readonly audience: string
  readonly account: ServiceAccountName
}

/** How IAM and the API server call a ServiceAccount. */
export function nameSubject({ namespace, name }: ServiceAccountName): string {
  return `system:serviceaccount:${namespace}:${name}`
}

/** Verifies a token with the published keys alone, as STS does. No message holds a part of it. */
export async function checkTokenVerifies(
  token: string,
  published: readonly ListedKey[],
  expected: ExpectedToken,
  nowMs: number,
): Promise<Verdict> {
  // The same key twice is a warning of keys-published; jose takes it for an ambiguity.
  const keys = published.filter(({ kid }, index) => published.findIndex((key) => key.kid === kid) === index)
  const subject = nameSubject(expected.account)
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: keys.map(({ jwk }) => jwk) }), {
      issuer: expected.issuerUrl,
      audience: expected.audience,
      subject,
      requiredClaims: ['exp'],
      currentDate: new Date(nowMs),
    })
    return pass(`a token of ${subject} for ${expected.audience} verifies${describeLifetime(payload, nowMs)}`)
  } catch (error) {
    return fail(explainRefusal(error, expected))
  }
}

function describeLifetime({ exp }: JWTPayload, nowMs: number): string {
  return exp === undefined ? '' : `, for ${Math.round((exp - nowMs / 1000) / 60)} minutes`
}

function explainRefusal(error: unknown, { issuerUrl, audience, account }: ExpectedToken): Flaw {
  if (error instanceof errors.JWKSNoMatchingKey)
    return {
      message: 'no published key fits the kid and the algorithm of a fresh token',
      hint: 'publish the keys again with `pod-identity-webhook oidc publish --from-cluster`; with several API servers, check that they have the same keys',
    }
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return {
      message: "a fresh token's signature does not fit the published key of its kid",
      hint: 'with several API servers, check that they have the same keys; then publish them again',
    }
  if (error instanceof errors.JWTExpired)
    return { message: 'a fresh token has expired already', hint: CLOCK_HINT }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const found = quoteText(String(error.payload[error.claim]))
    switch (error.claim) {
      case 'iss':
        return {
          message: `a fresh token's iss is ${found}, not ${quoteText(issuerUrl)}`,
          hint: `make ${issuerUrl} the first --service-account-issuer of kube-apiserver: tokens have the first one`,
        }
      case 'aud':
        return {
          message: `a fresh token's aud is ${found}, not ${quoteText(audience)}`,
          hint: 'the API server must issue the audience that is asked for; check what stands between it and here',
        }
      case 'sub':
        return {
          message: `a fresh token's sub is ${found}, not ${quoteText(nameSubject(account))}`,
          hint: '',
        }
      case 'nbf':
        return { message: 'a fresh token is not valid yet', hint: CLOCK_HINT }
      default:
        return { message: `a fresh token's claim ${error.claim} is missing or wrong`, hint: '' }
    }
  }
  return { message: 'the API server gave what is no token', hint: '' }
}

const CLOCK_HINT = 'correct the clocks of the API server and of this machine (NTP)'
