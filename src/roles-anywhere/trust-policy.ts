import { parseArn } from '../aws/arn.ts'
import { quoteText } from '../text/quoted-text.ts'
import { RolesAnywhereError } from './roles-anywhere-error.ts'

/** Which certificates of a trust anchor's CA may take a role. */
export interface CertificateConditions {
  /** The subject's organisation, exactly. */
  readonly subjectO: string | undefined
  /** The subject's common name, with `*` and `?` for any characters and any one. */
  readonly subjectCnLike: string | undefined
}

/** A role's trust policy, and what is unsafe about it. */
export interface TrustPolicy {
  readonly policy: object
  /** The only one of the policy. */
  readonly statement: Readonly<Record<string, unknown>>
  readonly warnings: readonly string[]
}

/** Makes the trust policy of a role for IAM Roles Anywhere. Throws a RolesAnywhereError on a malformed ARN. */
export function createTrustPolicy(
  trustAnchorArn: string,
  { subjectO, subjectCnLike }: CertificateConditions,
): TrustPolicy {
  const arn = parseArn(trustAnchorArn)
  if (arn?.service !== 'rolesanywhere' || !arn.resource.startsWith('trust-anchor/')) {
    throw new RolesAnywhereError(
      `${quoteText(trustAnchorArn)} is not the ARN of a trust anchor, which is like arn:aws:rolesanywhere:REGION:ACCOUNT:trust-anchor/ID`,
    )
  }
  const condition = {
    ArnEquals: { 'aws:SourceArn': trustAnchorArn },
    ...(subjectO === undefined ? {} : { StringEquals: { 'aws:PrincipalTag/x509Subject/O': subjectO } }),
    ...(subjectCnLike === undefined
      ? {}
      : { StringLike: { 'aws:PrincipalTag/x509Subject/CN': subjectCnLike } }),
  }
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'rolesanywhere.amazonaws.com' },
    Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
    Condition: condition,
  }
  const policy = { Version: '2012-10-17', Statement: [statement] }
  return { policy, statement, warnings: findWarnings({ subjectO, subjectCnLike }) }
}

function findWarnings({ subjectO, subjectCnLike }: CertificateConditions): string[] {
  if (subjectO === undefined && subjectCnLike === undefined) {
    return [
      "every certificate that the trust anchor's CA signs can take the role; where that is a cluster's CA, so can whoever may have a CertificateSigningRequest approved. Add --subject-o and --subject-cn-like, for nodes system:nodes and 'system:node:*'",
    ]
  }
  const isOpen = subjectCnLike !== undefined && /^[*?]*$/.test(subjectCnLike)
  return isOpen ? [`--subject-cn-like ${subjectCnLike} fits every common name`] : []
}
