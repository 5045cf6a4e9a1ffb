/** Why a cluster command ends: one line with the cause and what to do. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError'
  /** 2 where the command was given wrongly, 1 for everything that the cluster or kubectl says. */
  readonly exitCode: 1 | 2
  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message)
    this.exitCode = exitCode
  }
}
