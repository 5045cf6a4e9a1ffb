import { hash } from 'node:crypto'
import type { Accounts } from '../accounts/accounts.ts'
import { ManifestError, type ManifestObject } from '../accounts/manifests/manifest-documents.ts'
import { DEFAULT_NAMESPACE } from '../accounts/manifests/manifest-files.ts'
import { createDecider, findExemption } from '../identity/decide.ts'
import { REASONS, type ReasonCode } from '../identity/reasons.ts'
import type { MutationSettings } from '../identity/settings.ts'
import { describeWarning } from '../identity/warnings.ts'
import { createInjector } from '../injection/injector.ts'
import { type Pod, PodError, readPod } from '../injection/pod.ts'
import { type Addition, toAddition } from './additions.ts'
import type { PodTemplate } from './pod-template.ts'

/** What the pod of an object gets. */
export interface PodChange {
  readonly object: ManifestObject
  readonly namespace: string
  readonly name: string
  /** To the document that the object is in; empty where the pod needs nothing. */
  readonly additions: readonly Addition[]
  /** Why the pod gets nothing, and warnings, a line each. */
  readonly remarks: readonly string[]
}

/** The ServiceAccount that the API server fills in where a pod names none. */
const DEFAULT_ACCOUNT = 'default'

/**
 * Settles what the pod of an object gets, as the server would.
 * @throws {ManifestError} where the pod is malformed or its ServiceAccount cannot be looked up
 */
export async function planPodChange(
  object: ManifestObject,
  template: PodTemplate,
  accounts: Pick<Accounts, 'find'>,
  settings: MutationSettings,
): Promise<PodChange> {
  const pod = readTemplate(object, template)
  const { namespace, name } = readName(object)
  const label = `${object.kind} ${namespace}/${name}`
  const accountName = pod.spec.serviceAccountName ?? DEFAULT_ACCOUNT
  const account = `ServiceAccount ${namespace}/${accountName}`
  const nothing = (reason: ReasonCode, warnings: readonly string[] = []): PodChange => {
    const { sentence, remedy } = { ...REASONS[reason], ...OFFLINE_REASONS[reason] }
    const line = `${label}: not changed: ${sentence} (${account})${remedy === undefined ? '' : `; ${remedy}`}`
    return { object, namespace, name, additions: [], remarks: [line, ...warnings] }
  }

  const exemption = findExemption(pod)
  if (exemption !== undefined) return nothing(exemption)
  const known = await accounts.find(namespace, accountName)
  const decision = createDecider(settings)(known, { namespace, pod }, () => spreadByName(label))
  if (decision.reason === 'lookup_failed')
    throw new ManifestError(object.place, `${account} could not be looked up: ${decision.cause ?? ''}`)
  const { identity, reason, skipContainers } = decision
  const injection =
    identity === undefined
      ? { patch: [], warnings: [] }
      : createInjector(settings)(pod, identity, skipContainers)
  const warnings = [...decision.warnings, ...injection.warnings].map(
    (warning) => `${label}: warning: ${describeWarning(warning)}`,
  )
  if (injection.patch.length === 0)
    return nothing(identity === undefined ? reason : 'already_injected', warnings)
  const base = [...object.path, ...template.path]
  const additions = injection.patch.map((operation) => toAddition(base, operation))
  return { object, namespace, name, additions, remarks: warnings }
}

/** What is said otherwise than of a pod in a cluster. */
const OFFLINE_REASONS: Partial<Record<ReasonCode, { readonly sentence?: string; readonly remedy: string }>> =
  {
    no_role: { remedy: 'annotate it with role-arn' },
    account_not_found: {
      sentence: 'its ServiceAccount is not at hand',
      remedy: 'give its manifest with --manifests or among the input, or the cluster with --kubeconfig',
    },
  }

/** The pod as it would come to the server: with its ServiceAccount's name filled in. */
function readTemplate({ kind, place }: ManifestObject, { path, value, isBuiltIn }: PodTemplate): Pod {
  try {
    const pod = readPod(isBuiltIn ? value : nameContainers(value))
    const legacyName = 'serviceAccount' in pod.spec ? pod.spec.serviceAccount : undefined
    const serviceAccountName =
      pod.spec.serviceAccountName || (typeof legacyName === 'string' && legacyName) || DEFAULT_ACCOUNT
    return { ...pod, spec: { ...pod.spec, serviceAccountName } }
  } catch (error) {
    if (!(error instanceof PodError)) throw error
    const where = path.length === 0 ? '' : ` at ${path.join('.')}`
    throw new ManifestError(place, `the pod of this ${kind}${where} is malformed: ${error.message}`)
  }
}

/** Containers that have no name get an empty one; operations go by their places. */
function nameContainers(template: Readonly<Record<string, unknown>>): unknown {
  const spec = (template['spec'] ?? {}) as Readonly<Record<string, unknown>>
  const named = ['containers', 'initContainers'].flatMap((key) => {
    const containers = spec[key]
    if (!Array.isArray(containers)) return []
    const withNames = containers.map((one: unknown) =>
      typeof one === 'object' && one !== null ? { name: '', ...one } : one,
    )
    return [[key, withNames] as const]
  })
  return { ...template, spec: { ...spec, ...Object.fromEntries(named) } }
}

function readName({ value }: ManifestObject): { readonly namespace: string; readonly name: string } {
  const metadata = (value['metadata'] ?? {}) as Readonly<Record<string, unknown>>
  const read = (key: string) => (typeof metadata[key] === 'string' ? metadata[key] : '')
  return { namespace: read('namespace') || DEFAULT_NAMESPACE, name: read('name') || read('generateName') }
}

/** From 0 to under 1, by name: written files must not differ from one run to the next. */
function spreadByName(label: string): number {
  return Number.parseInt(hash('sha256', label).slice(0, 8), 16) / 2 ** 32
}
