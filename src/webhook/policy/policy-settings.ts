import type { AccountMapping } from '../identity/account.ts'
import type { MutationSettings } from '../identity/settings.ts'
import type { LabelSelector } from './label-selector.ts'

/** An entry of the ConfigMap of mappings: `*` in the namespace stands for any run of characters. */
export interface PolicyMapping {
  readonly namespace: string
  readonly name: string
  readonly mapping: AccountMapping
}

/** What a policy is made for. */
export interface PolicySettings {
  readonly mutation: MutationSettings
  /** In the order in which they count: the first that matches a ServiceAccount is the one that applies. */
  readonly mappings: readonly PolicyMapping[]
  /** The ServiceAccounts that are looked at; absent for all. */
  readonly accountSelector: LabelSelector | undefined
  /** Whether ephemeral containers get what the others of their pod have. */
  readonly hasDebugContainers: boolean
  /** `v1` from Kubernetes 1.36 on; `v1beta1` in 1.34 and 1.35, where it is switched on. */
  readonly apiVersion: 'v1' | 'v1beta1'
}
