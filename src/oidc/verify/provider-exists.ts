import { GetOpenIDConnectProviderCommand, IAMClient } from '@aws-sdk/client-iam'
import { AwsCallError, callAws } from '../../aws/call-failure.ts'
import type { Issuer } from '../../iam/issuer-url.ts'
import { type Account, nameProvider } from '../../iam/trust-request.ts'
import { quoteTexts } from '../../text/quoted-text.ts'
import { type ClientOptions, judgeCallError } from './aws-access.ts'
import { fail, pass, type Verdict } from './check.ts'

/** Looks whether the account has an OIDC provider for the issuer that takes the audience. */
export async function checkProviderExists(
  issuer: Issuer,
  audience: string,
  account: Account,
  options: ClientOptions,
): Promise<Verdict> {
  const arn = nameProvider(account, issuer)
  const create = `create it with \`pod-identity-webhook oidc provider --issuer ${issuer.url} --audience ${audience}\``
  const call = { action: 'iam:GetOpenIDConnectProvider', resource: arn }
  const client = new IAMClient(options)
  try {
    const { ClientIDList: audiences = [] } = await callAws(call, () =>
      client.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn })),
    )
    if (audiences.includes(audience)) return pass(`${arn} takes ${audience}`)
    const listed = audiences.length === 0 ? 'none' : quoteTexts(audiences)
    return fail({
      message: `${arn} does not take the audience ${audience}; its audiences are ${listed}`,
      hint: create.replace('create it', 'add it'),
    })
  } catch (error) {
    const code = error instanceof AwsCallError ? error.code : ''
    if (!/^(?:NoSuchEntity|InvalidInput|ValidationError)/.test(code)) return judgeCallError(error, call)
    const hint = issuer.hasPort
      ? 'IAM takes no issuer with a port: serve it at port 443, without a port in its URL'
      : create
    return fail({ message: `there is no provider ${arn}`, hint })
  } finally {
    client.destroy()
  }
}
