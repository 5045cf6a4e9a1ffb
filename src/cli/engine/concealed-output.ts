import { type Concealer, createConcealer } from '../../text/secret-text.ts'
import type { CommandIo } from './command.ts'

/**
 * What a command sees of its process, with standard error kept free of what was given and may be a secret: a key in place
 * of its file's name comes back in the system's own "no such file", a library's error, a warning.
 */
export function concealGiven(io: CommandIo, args: readonly string[], environmentPrefix: string): CommandIo {
  let concealer: Concealer | undefined
  const conceal = (text: string | Uint8Array) => {
    concealer ??= createConcealer(listGiven(args, io.env, environmentPrefix)) ?? ((plain) => plain)
    return typeof text === 'string' ? concealer(text) : text
  }
  return {
    // Standard input is opened by being looked at, so only by who reads it.
    get stdin() {
      return io.stdin
    },
    get stdout() {
      return io.stdout
    },
    stderr: {
      write: (text) => io.stderr.write(conceal(text)),
      get isTTY() {
        return io.stderr.isTTY === true
      },
      get columns() {
        return io.stderr.columns ?? DEFAULT_COLUMNS
      },
    },
    env: io.env,
  }
}

const DEFAULT_COLUMNS = 80

function listGiven(
  args: readonly string[],
  env: CommandIo['env'],
  environmentPrefix: string,
): readonly string[] {
  const ofFlags = args.flatMap((arg) => [arg, arg.slice(arg.indexOf('=') + 1)])
  const ofVariables = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && name.startsWith(environmentPrefix) ? [value] : [],
  )
  return [...ofFlags, ...ofVariables]
}
