import type { V1LabelSelector, V1MutatingWebhook } from '@kubernetes/client-node'
import { type ClusterReader, UnreadError } from '../doctor/cluster-reader.ts'
import type { Installation } from '../doctor/installation.ts'
import {
  type AccountMappings,
  MAPPINGS_KEY,
  MAPPINGS_NAME,
  NO_MAPPINGS,
  parseAccountMappings,
} from '../webhook/accounts/account-mapping.ts'
import { type IdentityList, NO_IDENTITIES, parseIdentityList } from '../webhook/accounts/identity-list.ts'
import { type Account, type AccountAnnotations, NO_ANNOTATIONS } from '../webhook/identity/account.ts'
import { parseAccountAnnotations } from '../webhook/identity/annotations.ts'
import type { MutationSettings } from '../webhook/identity/settings.ts'
import { INJECTION_POLICY_NAME } from '../webhook/policy/injection-policy.ts'

/** How the webhook runs, as its flags say. */
export interface WebhookSettings {
  readonly settings: MutationSettings
  readonly isConfigMapWatched: boolean
  readonly containerCredentialsConfigMap: string | undefined
}

/** A ServiceAccount that has something of ours. */
export interface AnnotatedAccount {
  readonly namespace: string
  readonly name: string
  readonly annotations: AccountAnnotations
  readonly labels: Readonly<Record<string, string>>
  /** When its annotations were last written, in milliseconds since 1970. */
  readonly writtenAtMs: number | undefined
}

/** What pods are judged by, read once. */
export interface ClusterSnapshot {
  readonly webhook: WebhookSettings
  /** By `namespace/name`; those without annotations of ours are left out. */
  readonly accounts: ReadonlyMap<string, AnnotatedAccount>
  readonly mappings: AccountMappings
  /** Labels of namespaces by name. */
  readonly namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>
  /** The entries by which API servers ask the webhook for pods; undefined where they could not be read. */
  readonly entries: readonly V1MutatingWebhook[] | undefined
  /** Which ServiceAccounts a policy in the API server looks at; undefined where there is none, or it looks at all. */
  readonly policySelector: V1LabelSelector | undefined
  /** What could not be read, and what that leaves unsaid, a line each. */
  readonly gaps: readonly string[]
  describe(namespace: string, name: string): Account
}

interface ListedAccount {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly labels?: Readonly<Record<string, string>>
    readonly managedFields?: readonly { readonly time?: string; readonly fieldsV1?: object }[]
  }
}

/**
 * Reads ServiceAccounts, mappings, namespaces and the webhook's registration. Rejects with an UnreadError where
 * ServiceAccounts cannot be read; what else cannot is a gap.
 *
 * `namespace` is empty for all. `readSettings` gives what the flags of the webhook's own pods say.
 */
export async function takeSnapshot(
  reader: ClusterReader,
  installation: Installation,
  {
    namespace,
    readSettings,
  }: { readonly namespace: string; readonly readSettings: (args: readonly string[]) => WebhookSettings },
): Promise<ClusterSnapshot> {
  const gaps: string[] = []
  const orGap = async <Value>(what: string, read: () => Promise<Value>, without: Value): Promise<Value> => {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof UnreadError)) throw error
      gaps.push(`${error.message}: ${what}`)
      return without
    }
  }
  const args = await orGap(
    'the webhook’s flags are taken for the defaults',
    async () => (await installation.pods())[0]?.spec?.containers[0]?.args ?? [],
    [],
  )
  const webhook = readSettings(args)
  const own = await orGap('the ConfigMap is looked for in eks', () => installation.namespace(), 'eks')
  const entries = await orGap<readonly V1MutatingWebhook[] | undefined>(
    'whether selectors keep pods out is not told',
    () => installation.entries(),
    undefined,
  )
  const mappings = webhook.isConfigMapWatched
    ? await orGap('roles of the ConfigMap are left out', () => readMappings(reader, own), NO_MAPPINGS)
    : NO_MAPPINGS
  const list = webhook.containerCredentialsConfigMap
  const identities =
    list === undefined
      ? NO_IDENTITIES
      : await orGap(
          'container credentials are left out',
          () => readIdentities(reader, own, list),
          NO_IDENTITIES,
        )
  const namespaces = await orGap(
    'selectors of namespaces are not looked at',
    () => readNamespaces(reader, namespace),
    new Map(),
  )
  const policySelector = await orGap(
    'labels that a policy in the API server wants are not looked at',
    () => readPolicySelector(reader),
    undefined,
  )
  const accounts = await readAccounts(reader, namespace, webhook.settings.annotationPrefix)
  return {
    ...{ webhook, accounts, mappings, namespaces, entries, policySelector, gaps },
    describe(accountNamespace, name) {
      const key = `${accountNamespace}/${name}`
      const annotations = accounts.get(key)?.annotations ?? NO_ANNOTATIONS
      const mapping = mappings.find(accountNamespace, name)
      return { state: 'known', annotations, mapping, hasContainerCredentials: identities.has(key) }
    },
  }
}

async function readAccounts(
  reader: ClusterReader,
  namespace: string,
  prefix: string,
): Promise<ReadonlyMap<string, AnnotatedAccount>> {
  const accounts = new Map<string, AnnotatedAccount>()
  for await (const page of reader.listPages<ListedAccount>('serviceaccounts', namespace, {
    isMetadataOnly: true,
  })) {
    for (const { metadata } of page) {
      const subject = `ServiceAccount ${metadata.namespace}/${metadata.name}`
      const annotations = parseAccountAnnotations(metadata.annotations, { prefix, subject })
      if (annotations === NO_ANNOTATIONS) continue
      const writtenAtMs = findWriteTime(metadata, `${prefix}/role-arn`)
      const { namespace: accountNamespace, name, labels = {} } = metadata
      const account = { namespace: accountNamespace, name, annotations, labels, writtenAtMs }
      accounts.set(`${metadata.namespace}/${metadata.name}`, account)
    }
  }
  return accounts
}

/** As the binding of the shipped policy says. */
async function readPolicySelector(reader: ClusterReader): Promise<V1LabelSelector | undefined> {
  interface Binding {
    readonly spec: { readonly paramRef?: { readonly selector?: V1LabelSelector } }
  }
  const binding = await reader.get<Binding>('mutatingadmissionpolicybindings', '', INJECTION_POLICY_NAME)
  const selector = binding?.spec.paramRef?.selector
  return selector === undefined || Object.keys(selector).length === 0 ? undefined : selector
}

/**
 * When whoever owns the annotation last wrote the object, by whole seconds. The API server notes nothing of an object that was
 * created with a name alone, as `kubectl create serviceaccount` does.
 */
function findWriteTime({ managedFields = [] }: ListedAccount['metadata'], key: string): number | undefined {
  const times = managedFields
    .filter(({ fieldsV1 }) => JSON.stringify(fieldsV1 ?? {}).includes(`"f:${key}"`))
    .map(({ time }) => Date.parse(time ?? ''))
    .filter((ms) => !Number.isNaN(ms))
  return times.length === 0 ? undefined : Math.max(...times)
}

async function readMappings(reader: ClusterReader, namespace: string): Promise<AccountMappings> {
  const text = await readConfigMap(reader, namespace, MAPPINGS_NAME, MAPPINGS_KEY)
  return parseOr(() => parseAccountMappings(text).content, NO_MAPPINGS)
}

async function readIdentities(reader: ClusterReader, namespace: string, name: string): Promise<IdentityList> {
  const text = await readConfigMap(reader, namespace, name, 'config.json')
  return parseOr(() => parseIdentityList(text).content, NO_IDENTITIES)
}

async function readConfigMap(
  reader: ClusterReader,
  namespace: string,
  name: string,
  key: string,
): Promise<string> {
  interface ConfigMap {
    readonly data?: Readonly<Record<string, string>>
  }
  return (await reader.get<ConfigMap>('configmaps', namespace, name))?.data?.[key] ?? ''
}

/** A ConfigMap that cannot be used is the webhook's matter, which keeps its last good content: doctor and its log tell. */
function parseOr<Value>(parse: () => Value, without: Value): Value {
  try {
    return parse()
  } catch {
    return without
  }
}

async function readNamespaces(
  reader: ClusterReader,
  namespace: string,
): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  interface Namespace {
    readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  }
  const namespaces = new Map<string, Readonly<Record<string, string>>>()
  if (namespace !== '') {
    const found = await reader.get<Namespace>('namespaces', '', namespace)
    if (found === undefined) throw new NoSuchNamespaceError(namespace)
    return namespaces.set(namespace, found.metadata.labels ?? {})
  }
  for await (const page of reader.listPages<Namespace>('namespaces', '', { isMetadataOnly: true }))
    for (const { metadata } of page) namespaces.set(metadata.name, metadata.labels ?? {})
  return namespaces
}

/** A namespace was named that is not there. */
export class NoSuchNamespaceError extends Error {
  override readonly name = 'NoSuchNamespaceError'

  constructor(namespace: string) {
    super(`there is no namespace ${namespace}`)
  }
}
