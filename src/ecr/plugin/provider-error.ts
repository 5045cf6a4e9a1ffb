/** What keeps the plugin from answering: the cause, and what to do about it where that is known. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
}
