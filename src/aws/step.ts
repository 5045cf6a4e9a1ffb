import type { ShellCommand } from './shell-script.ts'

/** What a command changed, or with `--dry-run` would change, as `--output json` lists it. */
export interface Change {
  readonly action: 'create' | 'update' | 'delete'
  /** An ARN, `s3://BUCKET/KEY`, or the path of a file. */
  readonly resource: string
  /** For people, in some words: `audience sts.amazonaws.com added`. */
  readonly detail: string
}

/** A change that is still to be made, and the two ways to make it. */
export interface Step extends Change {
  /** What does the same without this program. */
  readonly commands: readonly ShellCommand[]
  /** Makes the change; rejects in one line. Steps are made in their order. */
  apply(): Promise<void>
}

/** What is to be done, and what is worth knowing of how things are then. */
export interface Plan {
  readonly steps: readonly Step[]
  /** For people, a line each. */
  readonly notes: readonly string[]
  /** The same for programs: members of the object that `--output json` prints, beside `changes`. */
  readonly facts: Readonly<Record<string, unknown>>
}
