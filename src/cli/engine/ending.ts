/** A stream that a process ends with. */
type Output = Pick<NodeJS.WriteStream, 'writableLength' | 'write' | 'once'>

/**
 * Ends the process at once, whatever is still under way, but not before what it has written is out: a pipe takes 64 KiB, and
 * `process.exit` does not wait for the rest. A reader that has gone is not waited for.
 */
export async function exitWhenWritten(exitCode: number): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map(waitUntilWritten))
  return process.exit(exitCode)
}

async function waitUntilWritten(output: Output): Promise<void> {
  if (output.writableLength === 0) return
  await new Promise<void>((resolve) => {
    output.once('error', () => resolve())
    output.write('', () => resolve())
  })
}
