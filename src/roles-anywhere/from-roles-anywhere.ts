import type {
  AwsCredentialIdentity,
  AwsCredentialIdentityProvider,
  CredentialProviderOptions,
} from '@aws-sdk/types'
import { createSession } from './create-session.ts'
import { readRole } from './session-target.ts'

/** What {@link fromRolesAnywhere} takes. */
export interface FromRolesAnywhereInit extends CredentialProviderOptions {
  readonly trustAnchorArn: string
  readonly profileArn: string
  readonly roleArn: string
  /** Path of the certificate, PEM or DER. Further certificates of a PEM are sent as intermediates. */
  readonly certificateFile: string
  /** Path of the key, PEM or DER; without it, the key is looked for in `certificateFile`. */
  readonly privateKeyFile?: string
  /** Password of an encrypted key. */
  readonly privateKeyPassword?: string
  /** Path of the certificates between the certificate and the trust anchor's. */
  readonly intermediatesFile?: string
  /** 900 to 43200; 3600 where absent. */
  readonly durationSeconds?: number
  readonly roleSessionName?: string
  /** The trust anchor's where absent. */
  readonly region?: string
  /** A URL in place of AWS's. */
  readonly endpoint?: string
}

/**
 * Makes a credential provider for the AWS SDK for JavaScript v3 that exchanges a certificate for a session of IAM Roles
 * Anywhere. A client keeps what it gets until shortly before `expiration`; files are read anew each time.
 *
 * The provider rejects with an Error of one line, of name RolesAnywhereError. `HTTPS_PROXY`, `NO_PROXY`, `AWS_CA_BUNDLE`
 * and `AWS_ENDPOINT_URL_ROLESANYWHERE` are honoured.
 */
export function fromRolesAnywhere(init: FromRolesAnywhereInit): AwsCredentialIdentityProvider {
  return async (): Promise<AwsCredentialIdentity> => {
    const { logger, privateKeyPassword } = init
    const { accountId } = readRole(init.roleArn)
    const session = await createSession(
      {
        request: {
          trustAnchorArn: init.trustAnchorArn,
          profileArn: init.profileArn,
          roleArn: init.roleArn,
          durationSeconds: init.durationSeconds ?? 3600,
          roleSessionName: init.roleSessionName,
          region: init.region,
          endpoint: init.endpoint,
        },
        keys: {
          certificatePath: init.certificateFile,
          privateKeyPath: init.privateKeyFile,
          intermediatesPath: init.intermediatesFile,
          keyPassword: privateKeyPassword === undefined ? undefined : { text: privateKeyPassword },
        },
        isTlsVerified: true,
        userAgent: 'pod-identity-webhook/fromRolesAnywhere',
      },
      {
        env: process.env,
        now: () => new Date(),
        debug: (line) => logger?.debug?.(`fromRolesAnywhere: ${line}`),
      },
    )
    return {
      accessKeyId: session.accessKeyId,
      secretAccessKey: session.secretAccessKey,
      sessionToken: session.sessionToken,
      expiration: session.expiresAt,
      accountId,
    }
  }
}
