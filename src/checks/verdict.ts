/** What a check came to. */
export interface Verdict {
  /** `skipped` where there was nothing to check, `unread` where it could not be made; only `failed` is wrong for certain. */
  readonly status: 'ok' | 'failed' | 'warning' | 'skipped' | 'unread'
  /** One line: what was found. */
  readonly message: string
  /** One line: what to do; empty where there is nothing to do. */
  readonly hint: string
}

/** A check that was made, as `--output json` lists it. */
export interface CheckResult<Id extends string = string> extends Verdict {
  readonly id: Id
}

/** What is wrong and what to do about it, each in one line. */
export interface Flaw {
  readonly message: string
  readonly hint: string
}

export function pass(message: string): Verdict {
  return { status: 'ok', message, hint: '' }
}

export function fail({ message, hint }: Flaw): Verdict {
  return { status: 'failed', message, hint }
}

export function warn({ message, hint }: Flaw): Verdict {
  return { status: 'warning', message, hint }
}

/** `why` there is nothing to check; `hint` says what would make it possible. */
export function skip(why: string, hint = ''): Verdict {
  return { status: 'skipped', message: why, hint }
}

/** Several flaws as one, in their order. */
export function joinFlaws(flaws: readonly Flaw[]): Flaw {
  const join = (texts: readonly string[]) => [...new Set(texts.filter((text) => text !== ''))].join('; ')
  return { message: join(flaws.map(({ message }) => message)), hint: join(flaws.map(({ hint }) => hint)) }
}
