import { GetRoleCommand, IAMClient } from '@aws-sdk/client-iam'
import { AwsCallError, callAws } from '../../aws/call-failure.ts'
import { type ClientOptions, judgeCallError } from './aws-access.ts'
import { type Flaw, fail, joinFlaws, pass, type Verdict, warn } from './check.ts'
import { evaluateTrust } from './trust/evaluate-trust.ts'
import type { TokenClaims } from './trust/token-claims.ts'

/** Reads the role's trust policy and decides whether it accepts the token. */
export async function checkRoleTrusts(
  roleArn: string,
  claims: TokenClaims,
  options: ClientOptions,
): Promise<Verdict> {
  const name = roleArn.split('/').at(-1) ?? ''
  const call = { action: 'iam:GetRole', resource: roleArn }
  const client = new IAMClient(options)
  try {
    const { Role: role } = await callAws(call, () => client.send(new GetRoleCommand({ RoleName: name })))
    if (role?.Arn !== roleArn)
      return fail({
        message: `the ARN of the role ${name} is ${role?.Arn ?? 'not told'}`,
        hint: 'use that one: STS takes a role by its whole ARN, path and all',
      })
    return judgeTrust(decodePolicy(role.AssumeRolePolicyDocument ?? ''), claims)
  } catch (error) {
    const isMissing = error instanceof AwsCallError && error.code.startsWith('NoSuchEntity')
    if (!isMissing) return judgeCallError(error, call)
    return fail({
      message: `there is no role ${roleArn}`,
      hint: `create it with \`pod-identity-webhook role ensure ${name}\`, or correct --role-arn`,
    })
  } finally {
    client.destroy()
  }
}

/** IAM gives policies percent-encoded (RFC 3986); what cannot be decoded is left for the parser to refuse. */
function decodePolicy(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Says what the policy, JSON, means for the token. */
export function judgeTrust(policyText: string, claims: TokenClaims): Verdict {
  const verdict = evaluateTrust(policyText, claims)
  switch (verdict.kind) {
    case 'refuses':
      return fail({
        message: `the trust policy does not accept ${claims.subject}: ${verdict.flaw.message}`,
        hint: verdict.flaw.hint,
      })
    case 'unclear':
      return warn({
        message: `whether the trust policy accepts ${claims.subject} cannot be told: ${verdict.doubts.join('; ')}`,
        hint: 'see what role-assumable says',
      })
    case 'accepts': {
      const remarks = findLoosePoints(policyText, claims)
      return remarks.length === 0
        ? pass(`the trust policy accepts ${claims.subject}`)
        : warn(joinFlaws(remarks))
    }
  }
}

/** A ServiceAccount and an audience that nobody has: a policy that accepts them accepts all. */
const NOBODY = 'system:serviceaccount:no-such-namespace:no-such-name'
const NO_AUDIENCE = 'no-such-audience'

function findLoosePoints(policyText: string, claims: TokenClaims): readonly Flaw[] {
  const isOpenTo = (other: Partial<TokenClaims>) =>
    evaluateTrust(policyText, { ...claims, ...other }).kind === 'accepts'
  const remarks: Flaw[] = []
  if (isOpenTo({ subject: NOBODY }))
    remarks.push({
      message:
        'the trust policy accepts every ServiceAccount of the issuer: the sub condition is missing or fits all',
      hint: `compare ${claims.hostPath}:sub with ${claims.subject}`,
    })
  if (isOpenTo({ audience: NO_AUDIENCE }))
    remarks.push({
      message: 'the trust policy accepts every audience: the aud condition is missing or fits all',
      hint: `compare ${claims.hostPath}:aud with ${claims.audience}`,
    })
  return remarks
}
