import { FINDINGS, type Finding } from './findings.ts'
import type { PodFinding } from './judge-pod.ts'
import { findOwner, type ListedPod } from './pod-record.ts'

/** Collects findings: pods of one owner are one finding, however many they are. */
export interface Tally {
  addPod(pod: ListedPod, role: string, finding: PodFinding): void
  addAccount(
    account: { readonly namespace: string; readonly name: string; readonly role: string },
    finding: PodFinding,
  ): void
  /** The worst first, then by namespace and name. */
  list(): readonly Finding[]
}

/** So many pods of an owner are named. */
const NAMED_PODS = 3

/** Makes an empty one. */
export function createTally(): Tally {
  const found = new Map<string, Finding & { readonly pods: string[]; podCount: number }>()
  const add = (finding: Omit<Finding, 'pods' | 'podCount'>) => {
    const { code, namespace, kind, name, detail } = finding
    const key = [code, namespace, kind, name, detail].join('\n')
    const known = found.get(key)
    if (known !== undefined) return known
    const made = { ...finding, pods: [], podCount: 0 }
    found.set(key, made)
    return made
  }
  return {
    addPod({ metadata, spec, ...pod }, role, { code, detail }) {
      const owner = findOwner({ metadata, spec, ...pod })
      const { namespace } = metadata
      const serviceAccount = spec.serviceAccountName ?? ''
      const entry = add({ code, namespace, ...owner, serviceAccount, role, detail })
      entry.podCount++
      if (entry.pods.length < NAMED_PODS) entry.pods.push(metadata.name)
    },
    addAccount({ namespace, name, role }, { code, detail }) {
      add({ code, namespace, kind: 'ServiceAccount', name, serviceAccount: name, role, detail })
    },
    list: () => [...found.values()].sort(compareFindings),
  }
}

const CODES = Object.keys(FINDINGS)

function compareFindings(a: Finding, b: Finding): number {
  const keyOf = ({ namespace, kind, name }: Finding) => `${namespace}\n${kind}\n${name}`
  return CODES.indexOf(a.code) - CODES.indexOf(b.code) || (keyOf(a) < keyOf(b) ? -1 : 1)
}
