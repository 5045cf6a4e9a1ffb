/** What a text must look like, as a pattern for the program and in words for people. */
export interface TextRule {
  readonly pattern: RegExp
  /** Completes "it takes …": `an absolute path`. */
  readonly description: string
}

/** Kinds of names that a shell completes from the cluster, or from its kubeconfig. */
export type NameKind = 'namespace' | 'pod' | 'service-account' | 'context'

interface FlagCommon {
  /** Without the dashes. */
  readonly name: string
  /** One letter, for `-f`. */
  readonly short?: string
  readonly help: string
  /** Stands for the value in `--help`: `PATH`. */
  readonly placeholder?: string
  /** What shells complete the value by. */
  readonly completes?: NameKind
}

/**
 * One flag. A flag without a default that is not given, or given as empty, is `undefined`; a boolean is false then
 * and a list is empty.
 */
export type FlagDefinition = FlagCommon &
  (
    | { readonly kind: 'string'; readonly default?: string; readonly accepts?: TextRule }
    | { readonly kind: 'integer'; readonly default?: number; readonly min?: number; readonly max?: number }
    | { readonly kind: 'boolean'; readonly default?: boolean }
    /** As Go writes durations (`1h30m`); the value is in milliseconds, and at most `maxMs`, or else what a timer takes. */
    | { readonly kind: 'duration'; readonly default?: string; readonly maxMs?: number }
    | {
        readonly kind: 'enum'
        readonly values: readonly string[]
        /** Other spellings, and which of `values` each of them means. */
        readonly aliases?: Readonly<Record<string, string>>
        readonly default?: string
      }
    /** May be repeated; one text may hold several items where it is split at commas. */
    | { readonly kind: 'list'; readonly isCommaSeparated: boolean }
  )

/** Flags by the names that the program knows their values by. */
export type FlagTable = Readonly<Record<string, FlagDefinition>>

/** Flags that belong together, under one heading of `--help` and of the reference. */
export interface FlagGroup {
  readonly title: string
  readonly flags: FlagTable
  /** The flags are accepted, so that command lines of other programs work, and do nothing. */
  readonly isIgnored?: true
  /** The flags are known from other programs and refused: what follows "--flag is refused: ". */
  readonly refusal?: string
}

/** The flags of a command: groups by the names that the program knows their values by. */
export type FlagGroups = Readonly<Record<string, FlagGroup>>

type ScalarOf<D extends FlagDefinition> = D extends { readonly values: readonly (infer V)[] }
  ? V
  : D extends { readonly kind: 'integer' | 'duration' }
    ? number
    : string

/** The type of a flag's value, from its definition. */
export type FlagValue<D extends FlagDefinition> = D extends { readonly kind: 'boolean' }
  ? boolean
  : D extends { readonly kind: 'list' }
    ? readonly string[]
    : D extends { readonly default: string | number }
      ? ScalarOf<D>
      : ScalarOf<D> | undefined

/** The values of a table's flags. */
export type FlagValues<T extends FlagTable> = { readonly [K in keyof T]: FlagValue<T[K]> }

/** The values of a command's flags, by group. */
export type GroupValues<G extends FlagGroups> = { readonly [K in keyof G]: FlagValues<G[K]['flags']> }
