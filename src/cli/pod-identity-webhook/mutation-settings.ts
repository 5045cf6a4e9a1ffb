import { MIN_TOKEN_EXPIRATION_SECONDS } from '../../webhook/identity/annotations.ts'
import type { MutationSettings } from '../../webhook/identity/settings.ts'
import type { FlagValues } from '../engine/flag-table.ts'
import type { INJECTION_FLAGS } from './flags/injection-flags.ts'

type InjectionValues = FlagValues<typeof INJECTION_FLAGS.flags>

/** Turns the injection flags into settings; role ARNs are composed where account and partition are both given. */
export function toMutationSettings(values: InjectionValues): MutationSettings {
  return {
    annotationPrefix: values.annotationPrefix,
    defaults: {
      audience: values.tokenAudience,
      tokenExpirationSeconds: Math.max(values.tokenExpirationSeconds, MIN_TOKEN_EXPIRATION_SECONDS),
      isRegionalSts: values.isRegionalSts,
    },
    awsDefaultRegion: values.awsDefaultRegion,
    roleArnParts: toRoleArnParts(values),
    webIdentity: { volumeName: 'aws-iam-token', mountPath: values.tokenMountPath, tokenPath: 'token' },
    containerCredentials: {
      volumeName: values.containerCredentialsVolumeName,
      mountPath: values.containerCredentialsMountPath,
      tokenPath: values.containerCredentialsTokenPath,
      audience: values.containerCredentialsAudience,
      fullUri: values.containerCredentialsFullUri,
    },
  }
}

function toRoleArnParts(values: InjectionValues): MutationSettings['roleArnParts'] {
  const { isRoleArnComposed, awsPartition: partition, awsAccountId: accountId } = values
  if (!isRoleArnComposed || partition === undefined || accountId === undefined) return undefined
  return { partition, accountId }
}
