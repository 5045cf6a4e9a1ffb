/** A signal that is aborted when the process is told to end, once: a second SIGTERM or SIGINT ends it at once. */
export function createStopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => controller.abort())
  return controller.signal
}
