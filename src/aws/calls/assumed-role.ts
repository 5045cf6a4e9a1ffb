import type { AwsCredentialIdentity } from '@aws-sdk/types'
import { type CallSurroundings, callService } from './service-call.ts'
import type { ServicePlace } from './service-endpoint.ts'
import { readXmlReply } from './service-reply.ts'

const SESSION_NAME = 'ecr-credential-provider'

/**
 * Takes a role with a pod's token (AssumeRoleWithWebIdentity); `undefined` where STS answers without credentials. Rejects
 * as {@link callService}.
 */
export async function assumeRole(
  { roleArn, token }: { readonly roleArn: string; readonly token: string },
  place: ServicePlace,
  surroundings: CallSurroundings,
): Promise<AwsCredentialIdentity | undefined> {
  const parameters = {
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: roleArn,
    RoleSessionName: SESSION_NAME,
    WebIdentityToken: token,
  }
  return await askForSession(parameters, undefined, place, surroundings)
}

/** Takes a role with credentials that there are (AssumeRole); otherwise as {@link assumeRole}. */
export async function chainRole(
  { roleArn, credentials }: { readonly roleArn: string; readonly credentials: AwsCredentialIdentity },
  place: ServicePlace,
  surroundings: CallSurroundings,
): Promise<AwsCredentialIdentity | undefined> {
  const parameters = {
    Action: 'AssumeRole',
    Version: '2011-06-15',
    RoleArn: roleArn,
    RoleSessionName: SESSION_NAME,
  }
  return await askForSession(parameters, credentials, place, surroundings)
}

async function askForSession(
  parameters: { readonly Action: string } & Readonly<Record<string, string>>,
  credentials: AwsCredentialIdentity | undefined,
  place: ServicePlace,
  surroundings: CallSurroundings,
): Promise<AwsCredentialIdentity | undefined> {
  const { AccessKeyId, SecretAccessKey, SessionToken } = await callService(
    {
      service: 'STS',
      place,
      signer: credentials && { credentials, service: 'sts' },
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(parameters).toString(),
      readAnswer: (reply) =>
        readXmlReply(reply, `${parameters.Action}Response`, [
          'AccessKeyId',
          'SecretAccessKey',
          'SessionToken',
        ]),
    },
    surroundings,
  )
  if (!AccessKeyId || !SecretAccessKey || !SessionToken) return undefined
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
}
