import type { Pod } from './pod.ts'

/** Labels that say which operating system a node runs (k8s.io/api core/v1 `LabelOSStable`, and its older name). */
export const OS_LABELS: readonly unknown[] = ['kubernetes.io/os', 'beta.kubernetes.io/os']

/** The operating system whose paths differ, as labels and `spec.os.name` have it. */
export const WINDOWS = 'windows'

/**
 * Whether a pod can run on Windows alone: by `spec.os.name`, its nodeSelector, or a required node affinity whose terms, of which
 * one is enough for a node, all ask for it.
 */
export function isWindowsPod({ spec }: Pod): boolean {
  if (spec.os?.name === WINDOWS) return true
  const { nodeSelector, affinity } = spec
  if (OS_LABELS.some((label) => nodeSelector?.[String(label)] === WINDOWS)) return true
  if (!affinity) return false
  const terms = readPath(affinity, [
    'nodeAffinity',
    'requiredDuringSchedulingIgnoredDuringExecution',
    'nodeSelectorTerms',
  ])
  return Array.isArray(terms) && terms.length > 0 && terms.every(asksForWindows)
}

function asksForWindows(term: unknown): boolean {
  const expressions = readPath(term, ['matchExpressions'])
  return (
    Array.isArray(expressions) &&
    expressions.some((expression) => {
      const { key, operator, values } = (expression ?? {}) as Readonly<Record<string, unknown>>
      const isWindowsAlone =
        Array.isArray(values) && values.length > 0 && values.every((value) => value === WINDOWS)
      return OS_LABELS.includes(key) && operator === 'In' && isWindowsAlone
    })
  )
}

/** Nothing of this is checked when a pod is read: few pods have it, and it is looked at only there. */
function readPath(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (parent, key) =>
      typeof parent === 'object' && parent !== null
        ? (parent as Readonly<Record<string, unknown>>)[key]
        : undefined,
    value,
  )
}
