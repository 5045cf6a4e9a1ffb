/** What was set for a call cannot be: a region that is none, an endpoint that is no URL. The message is one line. */
export class CallSettingsError extends Error {
  override readonly name = 'CallSettingsError'
}
