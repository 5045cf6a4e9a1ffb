import { matchesGlob } from '../registry/glob.ts'

/** The label by which a namespace or ServiceAccount asks for the Secret. */
export const WANTED_LABEL = 'pod-identity-webhook.amazonaws.com/ecr-pull-secret'

/** A namespace, as far as it matters. */
export interface NamespaceFacts {
  readonly isLabelled: boolean
  /** Nothing can be made in it any more. */
  readonly isEnding: boolean
}

/** A ServiceAccount, as far as it matters. */
export interface AccountFacts {
  readonly namespace: string
  readonly name: string
  readonly resourceVersion: string
  readonly isLabelled: boolean
  /** The Secrets that its pods pull with, in their order. */
  readonly pullSecrets: readonly string[]
  /** Whether it says that we added ours. */
  readonly isMarked: boolean
}

/** Which namespaces are to have the Secret: those that ask, those of ServiceAccounts that ask, and those that are listed. */
export function findWanted(
  namespaces: ReadonlyMap<string, NamespaceFacts>,
  accounts: Iterable<AccountFacts>,
  globs: readonly string[],
): ReadonlySet<string> {
  const ofAccounts = new Set<string>()
  for (const { namespace, isLabelled } of accounts) if (isLabelled) ofAccounts.add(namespace)
  const wanted = [...namespaces].filter(
    ([name, { isLabelled, isEnding }]) =>
      !isEnding && (isLabelled || ofAccounts.has(name) || globs.some((glob) => matchesGlob(glob, name))),
  )
  return new Set(wanted.map(([name]) => name))
}

/** How a ServiceAccount's list of Secrets is to be; `undefined` where it is as it should be. Entries of others stay. */
export function planPullSecrets(
  { isLabelled, isMarked, pullSecrets }: AccountFacts,
  secretName: string,
): { readonly pullSecrets: readonly string[]; readonly isMarked: boolean } | undefined {
  const has = pullSecrets.includes(secretName)
  if (isLabelled && !has) return { pullSecrets: [...pullSecrets, secretName], isMarked: true }
  // Without our mark somebody else put it there.
  if (!isLabelled && isMarked)
    return { pullSecrets: pullSecrets.filter((name) => name !== secretName), isMarked: false }
  return undefined
}
