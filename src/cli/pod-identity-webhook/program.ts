import manifest from '../../../package.json' with { type: 'json' }
import type { InjectOptions } from '../../webhook/inject.ts'
import type { ServeOptions } from '../../webhook/serve-options.ts'
import type { Program } from '../engine/program.ts'
import { createInjectCommand } from './inject-command.ts'
import { createServeCommand } from './serve-command.ts'

/** What the commands do, apart from reading their flags. */
export interface Actions {
  serve(options: ServeOptions): Promise<void>
  inject(options: InjectOptions): Promise<void>
}

/** The program `pod-identity-webhook`. */
export function createProgram(actions: Actions): Program {
  return {
    name: 'pod-identity-webhook',
    version: manifest.version,
    summary: 'Gives pods their AWS identities: the admission webhook that injects role and token',
    environmentPrefix: 'POD_IDENTITY_WEBHOOK_',
    commands: [createServeCommand(manifest.version, actions.serve), createInjectCommand(actions.inject)],
  }
}
