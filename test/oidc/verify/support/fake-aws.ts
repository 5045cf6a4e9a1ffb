import { text } from 'node:stream/consumers'
import { listenOnLoopback } from '../../../support/loopback-listener.ts'

export const ACCOUNT_ID = '111122223333'
export const ROLE_ARN = `arn:aws:iam::${ACCOUNT_ID}:role/team/app`
export const SECRET = 'wJalrXUtnFEMIK7MDENGbPxRfiCYtestsecret1'

/** What IAM and STS know; tests change it. */
export interface AwsState {
  /** Audiences by the ARN of their provider. */
  readonly providers: Map<string, readonly string[]>
  /** Trust policies by the ARN of their role. */
  readonly roles: Map<string, string>
  /** Answered in place of what was asked, by action. */
  readonly faults: Map<string, { readonly code: string; readonly message: string; readonly status?: number }>
  callerAccountId: string
}

/** IAM and STS at one endpoint. */
export interface FakeAws {
  readonly url: string
  readonly state: AwsState
  /** All that was asked. */
  readonly calls: readonly {
    readonly action: string
    readonly isSigned: boolean
    readonly parameters: URLSearchParams
  }[]
  close(): Promise<void>
}

export async function startAws(): Promise<FakeAws> {
  const state: AwsState = {
    providers: new Map(),
    roles: new Map(),
    faults: new Map(),
    callerAccountId: ACCOUNT_ID,
  }
  const calls: { action: string; isSigned: boolean; parameters: URLSearchParams }[] = []
  const listener = await listenOnLoopback((request, response) => {
    void text(request).then((body) => {
      const parameters = new URLSearchParams(body)
      const action = parameters.get('Action') ?? ''
      calls.push({ action, isSigned: request.headers.authorization !== undefined, parameters })
      const fault = state.faults.get(action) ?? findMissing(state, action, parameters)
      const xml = fault === undefined ? answer(state, action, parameters) : renderError(fault)
      response.writeHead(fault === undefined ? 200 : (fault.status ?? 400), { 'content-type': 'text/xml' })
      response.end(xml)
    })
  }, undefined)
  return { url: listener.url, state, calls, close: () => listener.close() }
}

function findMissing(state: AwsState, action: string, parameters: URLSearchParams) {
  const providerArn = parameters.get('OpenIDConnectProviderArn') ?? ''
  const roleName = parameters.get('RoleName') ?? ''
  const isMissing =
    (action === 'GetOpenIDConnectProvider' && !state.providers.has(providerArn)) ||
    (action === 'GetRole' && findRole(state, roleName) === undefined)
  return isMissing ? { code: 'NoSuchEntity', message: 'not found', status: 404 } : undefined
}

function findRole({ roles }: AwsState, name: string) {
  return [...roles].find(([arn]) => arn.endsWith(`/${name}`))
}

function answer(state: AwsState, action: string, parameters: URLSearchParams): string {
  switch (action) {
    case 'GetCallerIdentity':
      return render(
        action,
        `<Arn>arn:aws:iam::${state.callerAccountId}:user/dev</Arn><Account>${state.callerAccountId}</Account>`,
      )
    case 'GetOpenIDConnectProvider': {
      const audiences = state.providers.get(parameters.get('OpenIDConnectProviderArn') ?? '') ?? []
      const members = audiences.map((audience) => `<member>${audience}</member>`).join('')
      return render(action, `<ClientIDList>${members}</ClientIDList>`)
    }
    case 'GetRole': {
      const [arn = '', policy = ''] = findRole(state, parameters.get('RoleName') ?? '') ?? []
      const document = encodeURIComponent(policy)
      return render(
        action,
        `<Role><Arn>${arn}</Arn><AssumeRolePolicyDocument>${document}</AssumeRolePolicyDocument></Role>`,
      )
    }
    case 'AssumeRoleWithWebIdentity': {
      const arn = `arn:aws:sts::${ACCOUNT_ID}:assumed-role/app/${parameters.get('RoleSessionName')}`
      const credentials = `<Credentials><AccessKeyId>ASIATEST</AccessKeyId><SecretAccessKey>${SECRET}</SecretAccessKey><SessionToken>${SECRET}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>`
      return render(
        action,
        `${credentials}<AssumedRoleUser><Arn>${arn}</Arn><AssumedRoleId>A:b</AssumedRoleId></AssumedRoleUser>`,
      )
    }
    default:
      throw new Error(`the endpoint knows no ${action}`)
  }
}

function render(action: string, result: string): string {
  return `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`
}

function renderError({ code, message }: { readonly code: string; readonly message: string }): string {
  return `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`
}
