import type { Environment } from '../../aws/endpoint.ts'
import type { CredentialRequest } from './credential-request.ts'
import { ProviderError } from './provider-error.ts'

/** What a user configures of IAM Roles Anywhere; empty where it is not set. */
export interface RolesAnywhereSettings {
  readonly trustAnchorArn: string | undefined
  readonly profileArn: string | undefined
  readonly roleArn: string | undefined
  readonly certificatePath: string | undefined
  readonly privateKeyPath: string | undefined
  readonly intermediatesPath: string | undefined
}

/** What a user configures of where AWS credentials come from. */
export interface SourceSettings {
  /** Annotations that name a role, looked at after {@link ROLE_ANNOTATION}. */
  readonly roleArnAnnotations: readonly string[]
  readonly rolesAnywhere: RolesAnywhereSettings
}

/** Where the AWS credentials come from with which ECR is asked. */
export type CredentialSource =
  | { readonly kind: 'web-identity'; readonly roleArn: string; readonly token: string }
  | RolesAnywhereSource
  /** The AWS SDK's: environment, profile, `credential_process`, ECS, EC2. */
  | { readonly kind: 'default-chain' }

/** A certificate, exchanged for a session. */
export interface RolesAnywhereSource {
  readonly kind: 'roles-anywhere'
  readonly trustAnchorArn: string
  readonly profileArn: string
  readonly roleArn: string
  readonly certificatePath: string
  /** The certificate's file where absent. */
  readonly privateKeyPath: string | undefined
  readonly intermediatesPath: string | undefined
}

/** The annotation of a ServiceAccount that names the role for image pulls. */
export const ROLE_ANNOTATION = 'eks.amazonaws.com/ecr-role-arn'

/** The environment variable that names it for all ServiceAccounts. */
export const ROLE_VARIABLE = 'AWS_ECR_ROLE_ARN'

/** Settles where credentials come from. Throws a {@link ProviderError} where IAM Roles Anywhere is half configured. */
export function chooseCredentialSource(
  request: Pick<CredentialRequest, 'serviceAccountToken' | 'serviceAccountAnnotations'>,
  { roleArnAnnotations, rolesAnywhere }: SourceSettings,
  env: Environment,
): CredentialSource {
  const { serviceAccountToken: token, serviceAccountAnnotations: annotations } = request
  const roleArn = findRoleArn(annotations, roleArnAnnotations, env)
  if (token !== undefined && roleArn !== undefined) return { kind: 'web-identity', roleArn, token }
  return readRolesAnywhereSource(rolesAnywhere) ?? { kind: 'default-chain' }
}

/** The role for a token: of the first annotation that is there and not empty, else of the environment. */
function findRoleArn(
  annotations: Readonly<Record<string, string>>,
  furtherKeys: readonly string[],
  env: Environment,
): string | undefined {
  const key = [ROLE_ANNOTATION, ...furtherKeys].find(
    (name) => Object.hasOwn(annotations, name) && annotations[name],
  )
  return (key === undefined ? env[ROLE_VARIABLE] : annotations[key]) || undefined
}

function readRolesAnywhereSource(settings: RolesAnywhereSettings): RolesAnywhereSource | undefined {
  const { trustAnchorArn, profileArn, roleArn, certificatePath, privateKeyPath, intermediatesPath } = settings
  if (Object.values(settings).every((value) => !value)) return undefined
  if (trustAnchorArn && profileArn && roleArn && certificatePath) {
    const files = { certificatePath, privateKeyPath, intermediatesPath }
    return { kind: 'roles-anywhere', trustAnchorArn, profileArn, roleArn, ...files }
  }
  const needed = {
    'trust-anchor-arn': trustAnchorArn,
    'profile-arn': profileArn,
    'role-arn': roleArn,
    certificate: certificatePath,
  }
  const missing = Object.entries(needed).filter(([, value]) => !value)
  const names = missing.map(([name]) => `--roles-anywhere-${name}`)
  throw new ProviderError(`IAM Roles Anywhere is half configured: ${names.join(', ')} is missing`)
}
