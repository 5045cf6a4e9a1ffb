import type { SecretFacts } from './cluster-view.ts'
import { type AccountFacts, findWanted, type NamespaceFacts, planPullSecrets } from './wanted.ts'

/** One thing that is to be written. */
export type Write =
  | { readonly operation: 'create'; readonly namespace: string }
  | { readonly operation: 'update' | 'delete'; readonly namespace: string; readonly resourceVersion: string }
  | {
      readonly operation: 'patch_account'
      readonly account: AccountFacts
      readonly pullSecrets: readonly string[]
      readonly isMarked: boolean
    }

/** What the cluster has, and what it is to have. */
export interface Situation {
  readonly namespaces: ReadonlyMap<string, NamespaceFacts>
  readonly accounts: ReadonlyMap<string, AccountFacts>
  readonly secrets: ReadonlyMap<string, SecretFacts>
  readonly globs: readonly string[]
  readonly secretName: string
  /** Of what Secrets are to hold; undefined before there is a password, when none is written. */
  readonly contentDigest: string | undefined
  readonly areAccountsPatched: boolean
}

/** What a look at the situation comes to. */
export interface Plan {
  readonly writes: readonly Write[]
  readonly currentCount: number
  /** Namespaces where somebody else has a Secret of our name. */
  readonly foreign: readonly string[]
}

/** Plans what is to be written; a Secret of somebody else is never touched. */
export function planWrites(situation: Situation): Plan {
  const { namespaces, accounts, secrets, contentDigest } = situation
  const wanted = findWanted(namespaces, accounts.values(), situation.globs)
  const writes: Write[] = []
  const foreign: string[] = []
  const current = new Set<string>()
  for (const namespace of wanted) {
    const secret = secrets.get(namespace)
    if (secret?.isOurs === false) foreign.push(namespace)
    else if (secret?.contentDigest === contentDigest && secret?.hasRightType) current.add(namespace)
    else if (contentDigest === undefined) continue
    else if (secret === undefined) writes.push({ operation: 'create', namespace })
    // Its type cannot be changed: deleted, it is made anew.
    else
      writes.push({
        operation: secret.hasRightType ? 'update' : 'delete',
        namespace,
        resourceVersion: secret.resourceVersion,
      })
  }
  for (const [namespace, { isOurs, resourceVersion }] of secrets) {
    if (isOurs && !wanted.has(namespace) && namespaces.get(namespace)?.isEnding === false)
      writes.push({ operation: 'delete', namespace, resourceVersion })
  }
  return {
    writes: [...writes, ...planAccounts(situation, wanted)],
    currentCount: current.size,
    foreign,
  }
}

function planAccounts(
  { accounts, secrets, secretName, areAccountsPatched }: Situation,
  wanted: ReadonlySet<string>,
): readonly Write[] {
  if (!areAccountsPatched) return []
  return [...accounts.values()].flatMap((account) => {
    const plan = planPullSecrets(account, secretName)
    // A pod that names a Secret that is not there yet starts late: its Secret comes first.
    const isReady =
      !account.isLabelled || (wanted.has(account.namespace) && secrets.get(account.namespace)?.isOurs)
    return plan === undefined || !isReady ? [] : [{ operation: 'patch_account' as const, account, ...plan }]
  })
}
