import type { Account, AccountAnnotations } from '../../identity/account.ts'
import type { AccountMappings } from '../account-mapping.ts'

/** A ServiceAccount as far as it matters. */
export type FoundAccount = AccountAnnotations | 'absent'

/** What one answer says of a ServiceAccount; without `resourceVersion` where it is memory's. */
export interface AccountWord {
  readonly found: FoundAccount
  readonly resourceVersion?: string
  /** Where it is memory's: the resourceVersion up to which that knows all changes. */
  readonly memoryVersion?: string | undefined
}

/** All that counts for a ServiceAccount. */
export interface AccountKnowledge {
  readonly found: FoundAccount
  /** Where all of this was read after the question came. */
  readonly readVersion?: string | undefined
  /** Where not all was: the resourceVersion up to which the ServiceAccount's changes are known. */
  readonly memoryVersion?: string | undefined
  /** Absent where no ConfigMap of mappings is watched, or where the ServiceAccount has a role of its own. */
  readonly mappings: AccountMappings | undefined
  readonly isListedForContainerCredentials: boolean
}

/** Puts together what is known of one ServiceAccount. */
export function describeAccount(namespace: string, name: string, knowledge: AccountKnowledge): Account {
  const {
    found,
    readVersion,
    memoryVersion,
    mappings,
    isListedForContainerCredentials: hasContainerCredentials,
  } = knowledge
  const mapping = mappings?.find(namespace, name)
  if (found === 'absent') return { state: 'absent', mapping, hasContainerCredentials }
  const known = { state: 'known', annotations: found, mapping, hasContainerCredentials } as const
  if (readVersion !== undefined) return { ...known, readVersion }
  return memoryVersion === undefined ? known : { ...known, memoryVersion }
}

/** Whether it has a role of its own, which wins over any mapping: for it the mappings do not matter. */
export function hasOwnRole(found: FoundAccount): boolean {
  return found !== 'absent' && found.role !== ''
}

/** Whether its pods get credentials. */
export function hasIdentity(account: Account): boolean {
  if (account.hasContainerCredentials) return true
  if (account.state === 'unavailable') return false
  return Boolean(account.mapping?.role) || (account.state === 'known' && hasOwnRole(account.annotations))
}
