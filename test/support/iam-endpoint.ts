import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { STATIC_CREDENTIALS } from './ecr-server.ts'
import { listenOnLoopback } from './loopback-listener.ts'
import { checkSignature } from './signature-check.ts'

/** What the endpoint does to a call in place of answering it. */
export type IamFault =
  | { readonly kind: 'refuse'; readonly status: number; readonly code: string; readonly message: string }
  | { readonly kind: 'reset' }

/** A role that the endpoint keeps. */
export interface KeptRole {
  trustPolicy: string
  readonly policyArns: string[]
  /** By names. */
  readonly inlinePolicies?: Map<string, string>
}

/** An OIDC provider that the endpoint keeps. */
export interface KeptProvider {
  readonly audiences: string[]
  thumbprints: string[]
  readonly tags: Map<string, string>
}

type Parameters = Readonly<Record<string, string>>

/** A stand-in for IAM and STS at one endpoint, of the account 111122223333. */
export interface IamEndpoint {
  readonly url: string
  /** What the AWS SDK is led there by, and to no file or service of this machine. */
  readonly env: Readonly<Record<string, string>>
  /** Actions in their order: `GetRole`. */
  readonly calls: readonly string[]
  /** By names. */
  readonly roles: Map<string, KeptRole>
  /** By ARNs. */
  readonly providers: Map<string, KeptProvider>
  /** By actions; each holds for all calls of its action. */
  readonly faults: Map<string, IamFault>
  /** Called before a call is answered: what somebody else does at that moment. */
  meddle: ((action: string) => void) | undefined
  close(): Promise<void>
}

/** Starts one on 127.0.0.1. `callerArn` is whose the credentials are. */
export async function startIamEndpoint(
  callerArn = 'arn:aws:iam::111122223333:user/admin',
): Promise<IamEndpoint> {
  const calls: string[] = []
  const roles = new Map<string, KeptRole>()
  const providers = new Map<string, KeptProvider>()
  const faults = new Map<string, IamFault>()
  const answers = buildAnswers(callerArn, roles, providers)
  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    const body = await text(incoming)
    const parameters = Object.fromEntries(new URLSearchParams(body))
    const { Action: action = '' } = parameters
    calls.push(action)
    endpoint.meddle?.(action)
    const verdict = checkSignature({ method: 'POST', headers: incoming.headers, body }, [STATIC_CREDENTIALS])
    const fault = faults.get(action)
    if (fault?.kind === 'reset') {
      incoming.socket.resetAndDestroy()
      return
    }
    const answer =
      verdict.kind === 'wrong'
        ? refuse(403, verdict.code)
        : fault !== undefined
          ? refuse(fault.status, fault.code, fault.message)
          : (answers[action]?.(parameters) ?? refuse(400, 'InvalidAction'))
    response.writeHead(answer.status, { 'Content-Type': 'text/xml' })
    response.end(
      answer.status === 200
        ? `<${action}Response><${action}Result>${answer.xml}</${action}Result><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></${action}Response>`
        : answer.xml,
    )
  }
  const { url, close } = await listenOnLoopback(handle, undefined)
  const env = {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: STATIC_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: STATIC_CREDENTIALS.secretAccessKey,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    // Attempts after the first wait for some hundred milliseconds each.
    AWS_MAX_ATTEMPTS: '1',
  }
  const endpoint: IamEndpoint = {
    ...{ url, env, calls, roles, providers, faults, close },
    meddle: undefined as ((action: string) => void) | undefined,
  }
  return endpoint
}

interface Answer {
  readonly status: number
  readonly xml: string
}

function buildAnswers(
  callerArn: string,
  roles: Map<string, KeptRole>,
  providers: Map<string, KeptProvider>,
): Readonly<Record<string, (parameters: Parameters) => Answer>> {
  const [, partition = '', , , accountId = ''] = callerArn.split(':')
  const give = (xml = ''): Answer => ({ status: 200, xml })
  const withRole =
    (act: (role: KeptRole, parameters: Parameters) => Answer) =>
    (parameters: Parameters): Answer => {
      const { RoleName: name = '' } = parameters
      const role = roles.get(name)
      return role === undefined ? refuse(404, 'NoSuchEntity') : act(role, parameters)
    }
  const withProvider =
    (act: (provider: KeptProvider, parameters: Parameters) => Answer) =>
    (parameters: Parameters): Answer => {
      const { OpenIDConnectProviderArn: arn = '' } = parameters
      const provider = providers.get(arn)
      return provider === undefined ? refuse(404, 'NoSuchEntity') : act(provider, parameters)
    }
  const describeRole = (name: string, { trustPolicy }: KeptRole) =>
    `<Role><Path>/</Path><RoleName>${name}</RoleName><RoleId>AROATEST</RoleId><Arn>arn:${partition}:iam::${accountId}:role/${name}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>${encodeURIComponent(trustPolicy)}</AssumeRolePolicyDocument></Role>`
  return {
    GetCallerIdentity: () =>
      give(`<Arn>${callerArn}</Arn><UserId>AIDATEST</UserId><Account>${accountId}</Account>`),
    GetRole: withRole((role, { RoleName: name = '' }) => give(describeRole(name, role))),
    CreateRole({ RoleName: name = '', AssumeRolePolicyDocument: trustPolicy = '' }) {
      if (roles.has(name)) return refuse(409, 'EntityAlreadyExists')
      const role = { trustPolicy, policyArns: [], inlinePolicies: new Map() }
      roles.set(name, role)
      return give(describeRole(name, role))
    },
    UpdateAssumeRolePolicy: withRole((role, { PolicyDocument: trustPolicy = '' }) => {
      role.trustPolicy = trustPolicy
      return give()
    }),
    // One policy a page.
    ListAttachedRolePolicies: withRole(({ policyArns }, { Marker: marker = '0' }) => {
      const index = Number(marker)
      const [arn] = policyArns.slice(index)
      const hasMore = index + 1 < policyArns.length
      const member = `<member><PolicyName>p</PolicyName><PolicyArn>${arn}</PolicyArn></member>`
      return give(
        `<AttachedPolicies>${arn === undefined ? '' : member}</AttachedPolicies><IsTruncated>${hasMore}</IsTruncated>${hasMore ? `<Marker>${index + 1}</Marker>` : ''}`,
      )
    }),
    AttachRolePolicy: withRole((role, { PolicyArn: arn = '' }) => {
      role.policyArns.push(arn)
      return give()
    }),
    GetRolePolicy: withRole((role, { RoleName: name = '', PolicyName: policy = '' }) => {
      const document = role.inlinePolicies?.get(policy)
      if (document === undefined) return refuse(404, 'NoSuchEntity')
      return give(
        `<RoleName>${name}</RoleName><PolicyName>${policy}</PolicyName><PolicyDocument>${encodeURIComponent(document)}</PolicyDocument>`,
      )
    }),
    PutRolePolicy: withRole((role, { PolicyName: policy = '', PolicyDocument: document = '' }) => {
      role.inlinePolicies?.set(policy, document)
      return give()
    }),
    GetOpenIDConnectProvider: withProvider(({ audiences, thumbprints, tags }) =>
      give(
        `<ClientIDList>${members(audiences)}</ClientIDList><ThumbprintList>${members(thumbprints)}</ThumbprintList><Tags>${[...tags].map(([key, value]) => `<member><Key>${key}</Key><Value>${value}</Value></member>`).join('')}</Tags>`,
      ),
    ),
    CreateOpenIDConnectProvider(parameters) {
      const hostPath = (parameters['Url'] ?? '').replace('https://', '')
      const arn = `arn:${partition}:iam::${accountId}:oidc-provider/${hostPath}`
      const audiences = listOf(parameters, 'ClientIDList')
      providers.set(arn, {
        audiences,
        thumbprints: listOf(parameters, 'ThumbprintList'),
        tags: tagsOf(parameters),
      })
      return give(`<OpenIDConnectProviderArn>${arn}</OpenIDConnectProviderArn>`)
    },
    AddClientIDToOpenIDConnectProvider: withProvider(({ audiences }, { ClientID: audience = '' }) => {
      audiences.push(audience)
      return give()
    }),
    TagOpenIDConnectProvider: withProvider(({ tags }, parameters) => {
      for (const [key, value] of tagsOf(parameters)) tags.set(key, value)
      return give()
    }),
    UpdateOpenIDConnectProviderThumbprint: withProvider((provider, parameters) => {
      provider.thumbprints = listOf(parameters, 'ThumbprintList')
      return give()
    }),
  }
}

function listOf(parameters: Parameters, name: string): string[] {
  return Object.entries(parameters).flatMap(([key, value]) =>
    key.startsWith(`${name}.member.`) ? [value] : [],
  )
}

function tagsOf(parameters: Parameters): Map<string, string> {
  const tags = new Map<string, string>()
  for (const [key, value] of Object.entries(parameters))
    if (/^Tags\.member\.\d+\.Key$/.test(key)) tags.set(value, parameters[key.replace('Key', 'Value')] ?? '')
  return tags
}

function members(values: readonly string[]): string {
  return values.map((value) => `<member>${value}</member>`).join('')
}

function refuse(status: number, code: string, message = code): Answer {
  return {
    status,
    xml: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>1</RequestId></ErrorResponse>`,
  }
}
