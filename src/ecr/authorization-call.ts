import type { AwsCredentialIdentity } from '@aws-sdk/types'
import type { AuthorizationData } from './authorization.ts'
import type { ServicePlace } from './aws-client-options.ts'
import type { RequestSurroundings } from './aws-request-handler.ts'

/** What a call of GetAuthorizationToken takes. */
export interface AuthorizationCallParts {
  readonly place: ServicePlace
  /** The SDK's default chain finds them where absent. */
  readonly credentials: AwsCredentialIdentity | undefined
  readonly surroundings: RequestSurroundings
  /** Told of the credentials before they are used. */
  onCredentials(credentials: AwsCredentialIdentity): void
}

/** Calls GetAuthorizationToken of ECR or ECR Public; rejects with what the SDK says. */
export type AuthorizationCall = (parts: AuthorizationCallParts) => Promise<AuthorizationData | undefined>
