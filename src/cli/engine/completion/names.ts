import type { NameKind } from '../flag-table.ts'

/** Names that only the cluster knows, and what has been given so far to find it by. */
export interface NameQuestion {
  readonly kind: NameKind
  /** What the name begins with. */
  readonly begun: string
  readonly namespace: string | undefined
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
}

/** Finds names; what cannot be found out is no name. */
export type NameFinder = (
  question: NameQuestion,
  env: Readonly<Record<string, string | undefined>>,
) => Promise<readonly string[]>
