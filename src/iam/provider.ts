import { GetOpenIDConnectProviderCommand, type IAMClient } from '@aws-sdk/client-iam'
import { callAws } from '../aws/call-failure.ts'
import { toUndefined } from './missing-entity.ts'

/** An OIDC provider as IAM has it. */
export interface Provider {
  readonly audiences: readonly string[]
  /** SHA-1 of certificates, in hexadecimal. */
  readonly thumbprints: readonly string[]
  readonly tags: ReadonlyMap<string, string>
}

/** Reads the provider; `undefined` where there is none. Rejects with an AwsCallError. */
export async function findProvider(iam: IAMClient, arn: string): Promise<Provider | undefined> {
  const call = { action: 'iam:GetOpenIDConnectProvider', resource: arn }
  const send = () => iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn }))
  const answer = await callAws(call, send).catch(toUndefined)
  if (answer === undefined) return undefined
  const { ClientIDList: audiences = [], ThumbprintList: thumbprints = [], Tags: tags = [] } = answer
  return {
    audiences,
    thumbprints,
    tags: new Map(tags.map(({ Key: key = '', Value: value = '' }) => [key, value])),
  }
}
