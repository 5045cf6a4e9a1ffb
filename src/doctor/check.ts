import type { Environment } from '../aws/endpoint.ts'
import type { Verdict } from '../checks/verdict.ts'
import type { ClusterReader } from './cluster-reader.ts'
import type { Installation } from './installation.ts'

/** A ServiceAccount to try a pod with. */
export interface ServiceAccountName {
  readonly namespace: string
  readonly name: string
}

/** What a check sees of the world. */
export interface CheckContext {
  readonly reader: ClusterReader
  readonly installation: Installation
  /** Whose pod is tried; undefined: the first one that has a role. */
  readonly serviceAccount: ServiceAccountName | undefined
  readonly env: Environment
  /** Milliseconds since 1970. */
  readonly nowMs: () => number
}

/** Makes a check. Rejects with an UnreadError where what it needs cannot be read. */
export type Check = (context: CheckContext) => Promise<Verdict>
