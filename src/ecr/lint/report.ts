/** What is wrong at a place of a file, and what to write there. */
export interface Finding {
  readonly file: string
  readonly line: number
  /** Errors are what the kubelet or the plugin refuses; warnings what they accept and people did not mean. */
  readonly severity: 'error' | 'warning'
  readonly problem: string
  readonly remedy: string
}

/** Collects the findings of one file. */
export class Report {
  readonly findings: Finding[] = []
  readonly file: string

  constructor(file: string) {
    this.file = file
  }

  /** Adds what the kubelet or the plugin refuses. */
  refuse(line: number, problem: string, remedy: string): void {
    this.#add('error', line, problem, remedy)
  }

  /** Adds what the kubelet accepts and nobody means. */
  warn(line: number, problem: string, remedy: string): void {
    this.#add('warning', line, problem, remedy)
  }

  #add(severity: Finding['severity'], line: number, problem: string, remedy: string): void {
    this.findings.push({ file: this.file, line, severity, problem, remedy })
  }
}

/** One line: `file:line: error: what is wrong; what to write`. */
export function formatFinding({ file, line, severity, problem, remedy }: Finding): string {
  return `${file}:${line}: ${severity}: ${problem}; ${remedy}`
}
