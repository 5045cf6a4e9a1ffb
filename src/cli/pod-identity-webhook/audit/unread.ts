import type { ClusterReader } from '../../../doctor/cluster-reader.ts'
import type { ClusterChoice } from '../../../oidc/verify/cluster.ts'
import type { CommandIo } from '../../engine/command.ts'

/** What was to be looked at could not be read, or not all of it. */
export const UNREAD_EXIT_CODE = 2

/** Errors that say, in one line, why nothing could be read. */
const UNREAD_ERRORS = ['ApiConfigurationError', 'UnreadError', 'NoSuchNamespaceError', 'NoSuchObjectError']

/** Does `work` with a reader of the cluster that is chosen; where that cannot be read, tells why and ends with {@link UNREAD_EXIT_CODE}. */
export async function withReader(
  io: CommandIo,
  cluster: ClusterChoice,
  work: (reader: ClusterReader) => Promise<number>,
): Promise<number> {
  try {
    const { connectReader } = await import('../../../audit/audit.ts')
    const reader = await connectReader(cluster, io.env)
    try {
      return await work(reader)
    } finally {
      reader.client.close()
    }
  } catch (error) {
    if (!(error instanceof Error) || !UNREAD_ERRORS.includes(error.name)) throw error
    const hint = 'hint' in error && error.hint !== '' ? `; ${error.hint}` : ''
    io.stderr.write(`pod-identity-webhook: ${error.message}${hint}\n`)
    return UNREAD_EXIT_CODE
  }
}
