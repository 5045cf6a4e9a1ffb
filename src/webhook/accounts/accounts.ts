import type { Account } from '../identity/account.ts'

/**
 * What is known of ServiceAccounts, from wherever it comes.
 *
 * A source starts reading with `start`, keeps itself current and says through `pendingReasons` what it still waits for.
 */
export interface Accounts {
  /**
   * Answers from memory, at once, where that can be trusted; else after one bounded GET. Never throws or rejects.
   * `namespace` is the request's namespace.
   */
  find(namespace: string, name: string): Account | Promise<Account>
  /** Why answers cannot be trusted yet, a line each; empty once everything was read for the first time. */
  pendingReasons(): readonly string[]
  /** Begins to read. Resolves at once where reading goes on in the background; rejects on what only a person can mend. */
  start(): Promise<void>
  /** What the store holds, for `/debug/alpha/cache`: names, roles and settings, nothing secret. */
  describe(): unknown
  /** Stops reading and frees sockets, timers and watchers. */
  close(): Promise<void>
}
