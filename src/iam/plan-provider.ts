import {
  AddClientIDToOpenIDConnectProviderCommand,
  CreateOpenIDConnectProviderCommand,
  type IAMClient,
  TagOpenIDConnectProviderCommand,
  UpdateOpenIDConnectProviderThumbprintCommand,
} from '@aws-sdk/client-iam'
import { callAws } from '../aws/call-failure.ts'
import type { Environment } from '../aws/endpoint.ts'
import { MADE_BLIND, type Plan, type Step } from '../aws/step.ts'
import { createIamClients, readCallerAccount } from './iam-clients.ts'
import { fetchThumbprint } from './issuer-thumbprint.ts'
import type { Issuer } from './issuer-url.ts'
import { findProvider, type Provider } from './provider.ts'
import { nameProvider } from './trust-request.ts'

/** What an issuer's OIDC provider is to have. */
export interface ProviderOptions {
  readonly issuer: Issuer
  readonly audiences: readonly string[]
  readonly tags: ReadonlyMap<string, string>
  /** Whether IAM is told the certificate that the issuer's host serves. */
  readonly isThumbprintWanted: boolean
  /** Whether a plan of everything will do where there are no credentials. */
  readonly isDryRun: boolean
  readonly region: string | undefined
  readonly env: Environment
}

/**
 * Finds what the issuer's provider lacks, or that there is none; reads only. Audiences, tags and thumbprints of others
 * stay. Rejects in one line.
 */
export async function planProvider(options: ProviderOptions): Promise<Plan> {
  const { iam, sts } = await createIamClients(options)
  const account = await readCallerAccount(sts, { areCredentialsOptional: options.isDryRun })
  const arn = account === undefined ? undefined : nameProvider(account, options.issuer)
  const provider = arn === undefined ? undefined : await findProvider(iam, arn)
  const served = options.isThumbprintWanted ? await fetchThumbprint(options.issuer.host) : undefined
  const thumbprints = served === undefined ? [] : [served.thumbprint]
  const resource = arn ?? `oidc-provider/${options.issuer.hostPath}`
  const steps =
    provider === undefined
      ? [createProvider(iam, resource, { ...options, thumbprints })]
      : completeProvider(iam, resource, provider, { ...options, thumbprints })
  return {
    steps,
    preface: account === undefined ? [MADE_BLIND] : [],
    notes: [
      ...(served === undefined ? [] : [served.description]),
      ...(provider === undefined ? [] : describeOtherTags(provider, options.tags)),
    ],
    facts: { providerArn: arn ?? null },
    check: async () => {},
  }
}

type Wanted = Pick<ProviderOptions, 'issuer' | 'audiences' | 'tags'> & {
  readonly thumbprints: readonly string[]
}

function createProvider(iam: IAMClient, resource: string, wanted: Wanted): Step {
  const { issuer, audiences, tags, thumbprints } = wanted
  const input = {
    Url: issuer.url,
    ClientIDList: [...audiences],
    ...(thumbprints.length === 0 ? {} : { ThumbprintList: [...thumbprints] }),
    ...(tags.size === 0 ? {} : { Tags: toTagList(tags) }),
  }
  const call = { action: 'iam:CreateOpenIDConnectProvider', resource }
  return {
    action: 'create',
    resource,
    detail: `OIDC provider of ${issuer.url} with ${describeAudiences(audiences)}`,
    commands: [
      {
        args: [
          ...['aws', 'iam', 'create-open-id-connect-provider', '--url', issuer.url],
          ...['--client-id-list', ...audiences],
          ...(thumbprints.length === 0 ? [] : ['--thumbprint-list', ...thumbprints]),
          ...(tags.size === 0 ? [] : ['--tags', ...toTagArguments(tags)]),
        ],
      },
    ],
    async apply() {
      await callAws(call, () => iam.send(new CreateOpenIDConnectProviderCommand(input)))
    },
  }
}

function completeProvider(iam: IAMClient, arn: string, provider: Provider, wanted: Wanted): readonly Step[] {
  const audiences = wanted.audiences.filter((audience) => !provider.audiences.includes(audience))
  const tags = new Map([...wanted.tags].filter(([key]) => !provider.tags.has(key)))
  const isThumbprintMissing = wanted.thumbprints.some((one) => !provider.thumbprints.includes(one))
  return [
    ...audiences.map((audience) => addAudience(iam, arn, audience)),
    ...(tags.size === 0 ? [] : [addTags(iam, arn, tags)]),
    ...(isThumbprintMissing ? [addThumbprints(iam, arn, provider, wanted)] : []),
  ]
}

/** A tag may be what somebody else's policies go by, so another value is theirs to change. */
function describeOtherTags(provider: Provider, tags: ProviderOptions['tags']): readonly string[] {
  return [...tags].flatMap(([key, value]) => {
    const current = provider.tags.get(key) ?? value
    if (current === value) return []
    return [`the tag ${key} stays ${current}, and is not set to ${value}: take it off the provider first`]
  })
}

function addAudience(iam: IAMClient, arn: string, audience: string): Step {
  const input = { OpenIDConnectProviderArn: arn, ClientID: audience }
  const call = { action: 'iam:AddClientIDToOpenIDConnectProvider', resource: arn }
  return {
    action: 'update',
    resource: arn,
    detail: `${describeAudiences([audience])} added`,
    commands: [
      {
        args: [
          ...['aws', 'iam', 'add-client-id-to-open-id-connect-provider'],
          ...['--open-id-connect-provider-arn', arn, '--client-id', audience],
        ],
      },
    ],
    async apply() {
      await callAws(call, () => iam.send(new AddClientIDToOpenIDConnectProviderCommand(input)))
    },
  }
}

function addTags(iam: IAMClient, arn: string, tags: ReadonlyMap<string, string>): Step {
  const input = { OpenIDConnectProviderArn: arn, Tags: toTagList(tags) }
  const call = { action: 'iam:TagOpenIDConnectProvider', resource: arn }
  return {
    action: 'update',
    resource: arn,
    detail: `tags ${[...tags].map(([key, value]) => `${key}=${value}`).join(', ')} set`,
    commands: [
      {
        args: [
          ...['aws', 'iam', 'tag-open-id-connect-provider', '--open-id-connect-provider-arn', arn],
          ...['--tags', ...toTagArguments(tags)],
        ],
      },
    ],
    async apply() {
      await callAws(call, () => iam.send(new TagOpenIDConnectProviderCommand(input)))
    },
  }
}

/** IAM only takes the whole list. */
function addThumbprints(iam: IAMClient, arn: string, provider: Provider, wanted: Wanted): Step {
  const thumbprints = [...new Set([...provider.thumbprints, ...wanted.thumbprints])]
  const input = { OpenIDConnectProviderArn: arn, ThumbprintList: thumbprints }
  const call = { action: 'iam:UpdateOpenIDConnectProviderThumbprint', resource: arn }
  return {
    action: 'update',
    resource: arn,
    detail: `thumbprint ${wanted.thumbprints.join(', ')} added`,
    commands: [
      {
        args: [
          ...['aws', 'iam', 'update-open-id-connect-provider-thumbprint'],
          ...['--open-id-connect-provider-arn', arn, '--thumbprint-list', ...thumbprints],
        ],
      },
    ],
    async apply() {
      await callAws(call, () => iam.send(new UpdateOpenIDConnectProviderThumbprintCommand(input)))
    },
  }
}

function describeAudiences(audiences: readonly string[]): string {
  return `audience${audiences.length === 1 ? '' : 's'} ${audiences.join(', ')}`
}

function toTagList(tags: ReadonlyMap<string, string>) {
  return [...tags].map(([key, value]) => ({ Key: key, Value: value }))
}

/** As JSON, whatever is in the values: the CLI's short form has signs of its own. */
function toTagArguments(tags: ReadonlyMap<string, string>): readonly string[] {
  return toTagList(tags).map((tag) => JSON.stringify(tag))
}
