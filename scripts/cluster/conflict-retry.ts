import { ClusterError } from './cluster-error.ts'

const MAX_ATTEMPTS = 10

/** Reads and writes again where somebody else wrote in between, as the webhook's replicas and cert-manager do. */
export async function retryConflicts(readAndWrite: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readAndWrite()
    } catch (error) {
      const isConflict = error instanceof ClusterError && /Operation cannot be fulfilled/.test(error.message)
      if (!isConflict || attempt === MAX_ATTEMPTS) throw error
    }
  }
}
