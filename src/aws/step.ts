/** A command of an sh script. */
export interface ShellCommand {
  /** The program and its arguments, unquoted. */
  readonly args: readonly string[]
  /** JSON, given to it on stdin, as a here-document. */
  readonly stdin?: string
  /** Where what it prints holds no such text, the script says why it does not go on, and ends. */
  readonly requirement?: { readonly output: string; readonly refusal: string }
}

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
  /** What a script of the steps must say first, a line each: {@link MADE_BLIND} where AWS was not asked. */
  readonly preface: readonly string[]
  /** For people, a line each; read once the steps are made. */
  readonly notes: readonly string[]
  /** The same for programs, read at the same time: members of the object that `--output json` prints, beside `changes`. */
  readonly facts: Readonly<Record<string, unknown>>
  /** Looks whether all is well once the steps are made, reading alone; rejects in one line. */
  check(): Promise<void>
}

/** Of plans that were made without credentials: run over something that is there, they may replace it. */
export const MADE_BLIND =
  'Made without AWS credentials, so without a look at what is there already: for a first time only. With credentials, run the command again and get what is missing.'
