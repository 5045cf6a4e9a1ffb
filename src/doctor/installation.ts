import type {
  V1MutatingWebhook,
  V1MutatingWebhookConfiguration,
  V1Pod,
  V1Service,
} from '@kubernetes/client-node'
import type { Status } from '../webhook/status/status.ts'
import { type ClusterReader, UnreadError } from './cluster-reader.ts'

/** The label that everything deployed carries, whatever it is named. */
const OWN_LABEL = 'app.kubernetes.io/name=pod-identity-webhook'
const OWN_NAME = 'pod-identity-webhook'
/** Where it is installed unless told otherwise. */
export const DEFAULT_NAMESPACE = 'eks'
const STATUS_TIMEOUT_MS = 3_000

/** What a replica says of itself, or why it could not be asked. */
export type ReplicaStatus =
  | { readonly pod: string; readonly status: Status }
  | { readonly pod: string; readonly error: UnreadError }

/** What is installed. Each part is read once, when a check first asks; reading rejects with an UnreadError. */
export interface Installation {
  /** Those of ours, by label or by name. */
  configurations(): Promise<readonly V1MutatingWebhookConfiguration[]>
  /** The entries of the configuration that API servers ask this installation by. */
  entries(): Promise<readonly V1MutatingWebhook[]>
  namespace(): Promise<string>
  /** `undefined` where there is none. */
  service(): Promise<V1Service | undefined>
  /** The pods that the Service leads to, those that are about to end left out. */
  pods(): Promise<readonly V1Pod[]>
  statuses(): Promise<readonly ReplicaStatus[]>
}

/** `namespace` is where the webhook runs; undefined: where its configuration says. */
export function createInstallation(reader: ClusterReader, namespace: string | undefined): Installation {
  const once = <Value>(read: () => Promise<Value>) => {
    let reading: Promise<Value> | undefined
    return () => {
      reading ??= read()
      return reading
    }
  }
  const configurations = once(async () => {
    const kind = 'mutatingwebhookconfigurations'
    const labelled = await reader.list<V1MutatingWebhookConfiguration>(kind, '', OWN_LABEL)
    const own = labelled.filter(
      ({ webhooks = [] }) =>
        namespace === undefined || webhooks.some((entry) => serviceOf(entry)?.namespace === namespace),
    )
    if (own.length > 0) return own
    const named = await reader.get<V1MutatingWebhookConfiguration>(kind, '', OWN_NAME)
    return named === undefined ? [] : [named]
  })
  const entries = once(async () => (await configurations())[0]?.webhooks ?? [])
  const findService = async () => (await entries()).map(serviceOf).find((service) => service !== undefined)
  const findNamespace = once(async () => namespace ?? (await findService())?.namespace ?? DEFAULT_NAMESPACE)
  const service = once(async () =>
    reader.get<V1Service>('services', await findNamespace(), (await findService())?.name ?? OWN_NAME),
  )
  const pods = once(async () => {
    const labels = Object.entries((await service())?.spec?.selector ?? {})
    const selector = labels.length > 0 ? labels.map((pair) => pair.join('=')).join(',') : OWN_LABEL
    const found = await reader.list<V1Pod>('pods', await findNamespace(), selector)
    return found.filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
  })
  return {
    configurations,
    entries,
    namespace: findNamespace,
    service,
    pods,
    statuses: once(async () => Promise.all((await pods()).map((pod) => askStatus(reader, pod)))),
  }
}

/** The Service that an entry leads to; `undefined` for a URL. */
export function serviceOf(entry: V1MutatingWebhook) {
  return entry.clientConfig.service
}

/** By way of the API server; where a NetworkPolicy keeps that out, directly, as works within the cluster. */
async function askStatus(reader: ClusterReader, pod: V1Pod): Promise<ReplicaStatus> {
  const { name = '', namespace = '' } = pod.metadata ?? {}
  const ports = pod.spec?.containers.flatMap(({ ports = [] }) => ports) ?? []
  const port = ports.find((candidate) => candidate.name === 'metrics')?.containerPort ?? 9999
  try {
    const path = `/api/v1/namespaces/${namespace}/pods/${name}:${port}/proxy/status.json`
    return { pod: name, status: (await reader.getPath(path)) as Status }
  } catch (error) {
    if (!(error instanceof UnreadError)) throw error
    const direct = await fetchStatus(pod.status?.podIP, port)
    if (direct !== undefined) return { pod: name, status: direct }
    const isRefused = /^you may not/.test(error.message)
    return {
      pod: name,
      error: isRefused
        ? new UnreadError(`you may not get pods/proxy in namespace ${namespace}`, error.hint)
        : new UnreadError(
            `pod ${name} does not say how it is: ${error.message}`,
            'see its log; where a NetworkPolicy keeps API servers from the port metrics, run doctor in a pod of the cluster',
          ),
    }
  }
}

async function fetchStatus(address: string | undefined, port: number): Promise<Status | undefined> {
  if (address === undefined) return undefined
  const host = address.includes(':') ? `[${address}]` : address
  try {
    const response = await fetch(`http://${host}:${port}/status.json`, {
      signal: AbortSignal.timeout(STATUS_TIMEOUT_MS),
    })
    return response.ok ? ((await response.json()) as Status) : undefined
  } catch {
    return undefined
  }
}
