import type { Warning } from './warnings.ts'

/**
 * What the annotations of a ServiceAccount say, parsed once when it is read.
 *
 * Absent members were not annotated, or with a value that is ignored; `warnings` then says so.
 */
export interface AccountAnnotations {
  /** The value of `role-arn` as written (a name where role ARNs are composed); empty where there is none. */
  readonly role: string
  /** May be empty: the API server's own audience. */
  readonly audience: string | undefined
  readonly isRegionalSts: boolean | undefined
  /** At least 600. */
  readonly tokenExpirationSeconds: number | undefined
  readonly warnings: readonly Warning[]
}

/** One entry of the ConfigMap; absent members take the flags' defaults. */
export interface AccountMapping {
  readonly role: string
  readonly audience: string | undefined
  readonly isRegionalSts: boolean | undefined
  /** At least 600. */
  readonly tokenExpirationSeconds: number | undefined
}

/** What is known of a ServiceAccount when a pod asks for it. */
export type Account =
  | {
      readonly state: 'known'
      readonly annotations: AccountAnnotations
      /** Its resourceVersion, where all that is known here was read after the question came; absent where memory answered. */
      readonly readVersion?: string | undefined
      /** Where memory answered: the resourceVersion up to which it knows all changes. */
      readonly memoryVersion?: string | undefined
      /** The entry of the ConfigMap that applies: the exact one, else the longest glob's. */
      readonly mapping: AccountMapping | undefined
      /** Whether the container credentials list names it. */
      readonly hasContainerCredentials: boolean
    }
  | {
      /** Whoever knows all ServiceAccounts says that there is none of this name. */
      readonly state: 'absent'
      readonly mapping: AccountMapping | undefined
      readonly hasContainerCredentials: boolean
    }
  | {
      /** Nobody could say in time; `cause` is one line for a log and a warning, without secrets. */
      readonly state: 'unavailable'
      readonly cause: string
      readonly hasContainerCredentials: boolean
    }

/** The annotations of a ServiceAccount that has none of ours: one object for all of them. */
export const NO_ANNOTATIONS: AccountAnnotations = Object.freeze({
  role: '',
  audience: undefined,
  isRegionalSts: undefined,
  tokenExpirationSeconds: undefined,
  warnings: Object.freeze([]),
})
