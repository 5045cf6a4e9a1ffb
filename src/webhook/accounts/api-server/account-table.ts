import { type AccountAnnotations, NO_ANNOTATIONS } from '../../identity/account.ts'

/**
 * ServiceAccounts by namespace and name.
 *
 * One without annotations of ours costs its name and a slot in a map: all of them share one value.
 */
export class AccountTable {
  readonly #byNamespace = new Map<string, Map<string, AccountAnnotations>>()
  #size = 0
  #annotatedSize = 0

  /** How many ServiceAccounts there are. */
  get size(): number {
    return this.#size
  }

  /** How many of them have annotations of ours. */
  get annotatedSize(): number {
    return this.#annotatedSize
  }

  get(namespace: string, name: string): AccountAnnotations | undefined {
    return this.#byNamespace.get(namespace)?.get(name)
  }

  set(namespace: string, name: string, annotations: AccountAnnotations): void {
    let byName = this.#byNamespace.get(namespace)
    if (byName === undefined) {
      byName = new Map()
      this.#byNamespace.set(namespace, byName)
    }
    this.#count(byName.get(name), -1)
    this.#count(annotations, 1)
    byName.set(name, annotations)
  }

  delete(namespace: string, name: string): void {
    const byName = this.#byNamespace.get(namespace)
    this.#count(byName?.get(name), -1)
    byName?.delete(name)
    if (byName?.size === 0) this.#byNamespace.delete(namespace)
  }

  /** Those with annotations of ours. */
  *annotated(): Generator<
    readonly [namespace: string, name: string, annotations: AccountAnnotations],
    void,
    void
  > {
    for (const [namespace, byName] of this.#byNamespace) {
      for (const [name, annotations] of byName)
        if (annotations !== NO_ANNOTATIONS) yield [namespace, name, annotations]
    }
  }

  #count(annotations: AccountAnnotations | undefined, step: 1 | -1): void {
    if (annotations === undefined) return
    this.#size += step
    if (annotations !== NO_ANNOTATIONS) this.#annotatedSize += step
  }
}
