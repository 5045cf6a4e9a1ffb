import type { Actions } from './program.ts'

/** The real actions, loaded when they are run: --help needs neither, and `inject` no server. */
export const ACTIONS: Actions = {
  async serve(options) {
    const { serve } = await import('../../webhook/serve.ts')
    await serve(options)
  },
  async inject(options) {
    const { inject } = await import('../../webhook/inject.ts')
    await inject(options)
  },
}
