/** What keeps credentials from being had: one line with the cause and what to check, and no key material in it. */
export class RolesAnywhereError extends Error {
  override readonly name = 'RolesAnywhereError'
  /** A chain of the AWS SDK's credential providers ends here: who configured this one means this one. */
  readonly tryNextLink = false
}
