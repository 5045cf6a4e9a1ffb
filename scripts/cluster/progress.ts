/** Tells how far a command is, in numbered lines. */
export interface Progress {
  /** What is done now. */
  begin(what: string): void
  /** Something to know about what was begun last. */
  note(text: string): void
}

/** Creates a progress of `stepCount` steps; their numbers are bold where `isColourful`. */
export function createProgress(
  stepCount: number,
  output: { readonly write: (text: string) => void; readonly isColourful: boolean },
): Progress {
  let stepNumber = 0
  return {
    begin(what) {
      stepNumber += 1
      const place = `${stepNumber}/${stepCount}`
      output.write(`${output.isColourful ? `\u001B[1m${place}\u001B[0m` : place} ${what}\n`)
    },
    note: (text) => output.write(`    ${text}\n`),
  }
}
