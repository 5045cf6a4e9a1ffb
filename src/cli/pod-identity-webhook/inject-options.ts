import type { MutationSettings } from '../../webhook/identity/settings.ts'
import type { CommandIo } from '../engine/command.ts'

/** What the flags of `inject` ask for. */
export interface InjectOptions {
  /** Files, and `-` for standard input; at least one. */
  readonly inputs: readonly string[]
  readonly manifests: readonly string[]
  readonly output: 'yaml' | 'json' | 'patch' | 'diff'
  readonly kubeconfig: string | undefined
  readonly namespace: string
  readonly isConfigMapWatched: boolean
  readonly containerCredentialsPath: string | undefined
  readonly settings: MutationSettings
  readonly io: CommandIo
}
