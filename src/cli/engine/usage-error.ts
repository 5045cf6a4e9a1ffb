/** A command line that cannot be run as it is: one line for the user that names what is wrong and what is allowed. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
