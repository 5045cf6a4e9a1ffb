/** Repositories of ECR that a role may pull from. */
export interface PullSource {
  /** Twelve digits. */
  readonly accountId: string
  /** A name, with `*` and `?` for any characters and any one. */
  readonly repository: string
}

/** Reads ACCOUNT or ACCOUNT/REPOSITORY; `undefined` where it is neither. */
export function parsePullSource(text: string): PullSource | undefined {
  const { accountId, repository = '*' } =
    /^(?<accountId>\d{12})(?:\/(?<repository>[a-z0-9*?](?:[a-z0-9._/*?-]*[a-z0-9*?])?))?$/.exec(text)
      ?.groups ?? {}
  return accountId === undefined ? undefined : { accountId, repository }
}
