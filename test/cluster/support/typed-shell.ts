import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'

/** Shells whose completion is tried. */
export type ShellName = 'bash' | 'zsh' | 'fish'

/** How each is started without the files of whoever runs the test, and what it reads first. */
const STARTS: Readonly<Record<ShellName, { readonly command: string; readonly setup: readonly string[] }>> = {
  bash: { command: 'bash --noprofile --norc -i', setup: ["bind 'set enable-bracketed-paste off'", 'PS1='] },
  zsh: {
    command: 'zsh --no-rcs -i',
    setup: ['unset zle_bracketed_paste; PS1=', 'autoload -Uz compinit; compinit -u -D'],
  },
  fish: { command: 'fish --no-config --interactive', setup: ['function fish_prompt; end'] },
}

const ANSWER_TIMEOUT_MS = 30_000

/** A shell on a terminal of its own, at which a test types. */
export interface TypedShell {
  /**
   * Types a line, in which a tab asks for completion, and presses Enter; gives what the program was then run with. Rejects
   * with what stood on the terminal.
   */
  type(line: string): Promise<string>
  stop(): void
}

/** Why a shell cannot be tried here; false where it can. */
export function findMissing(shell: ShellName): string | false {
  for (const program of [shell, 'script']) {
    if (spawnSync(program, ['--version']).error !== undefined) return `${program} is not installed`
  }
  return false
}

/** Opens a shell whose PATH begins with a folder; `setup` are lines that it reads before what is typed. */
export function openTypedShell(
  t: Test,
  shell: ShellName,
  options: {
    readonly folder: string
    /** With a PATH. */
    readonly env: Readonly<Record<string, string>>
    readonly setup: readonly string[]
  },
): TypedShell {
  const { command, setup } = STARTS[shell]
  const home = mkdtempSync(join(options.folder, 'home-'))
  const env = {
    ...options.env,
    HOME: home,
    TERM: 'dumb',
    PATH: `${options.folder}:${options.env['PATH']}`,
    LC_ALL: 'C.UTF-8',
  }
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
    env,
    cwd: home,
    stdio: 'pipe',
  })
  t.teardown(() => child.kill('SIGKILL'))
  let screen = ''
  let listener = () => {}
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text
    listener()
  })
  child.on('exit', () => listener())
  const waitFor = async (pattern: RegExp): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const fail = () =>
      reject(new Error(`${shell}: no ${pattern} within ${ANSWER_TIMEOUT_MS} ms on:\n${screen}`))
    const timer = setTimeout(fail, ANSWER_TIMEOUT_MS)
    listener = () => {
      const [, found] = pattern.exec(screen) ?? []
      if (found !== undefined) resolve(found)
      else if (child.exitCode !== null) fail()
    }
    listener()
    return promise.finally(() => clearTimeout(timer))
  }
  const type = async (line: string): Promise<string> => {
    screen = ''
    child.stdin.write(`${line}\n`)
    return waitFor(/RAN<([^>]*)>/)
  }
  for (const line of [...setup, ...options.setup]) child.stdin.write(`${line}\n`)
  return { type, stop: () => child.kill('SIGKILL') }
}

/** Writes an executable that answers completion by another program, and else says what it was run with. */
export function writeRecorder(folder: string, name: string, answer: string): void {
  const script = `#!/bin/sh
if [ "$1" = __complete ]; then exec ${answer} "$@"; fi
if [ "$1" = completion ]; then exec ${answer} "$@"; fi
printf 'RAN<%s>\\n' "$*"
`
  writeFileSync(join(folder, name), script, { mode: 0o755 })
}
