// Loaded by --import: the process kills itself before the file operation whose number KILL_AT_STEP says.
import fs, { type FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

const killAtStep = Number(process.env['KILL_AT_STEP'])
let step = 0

function countStep(): void {
  step++
  if (step === killAtStep) process.kill(process.pid, 'SIGKILL')
}

/** Puts the count before each named function of an object; a killed process gets no further. */
function intercept(target: object, names: readonly string[]): void {
  for (const name of names) {
    const original: unknown = Reflect.get(target, name)
    if (typeof original !== 'function') throw new Error(`no function ${name}`)
    Reflect.set(target, name, function (this: unknown, ...args: unknown[]) {
      countStep()
      return Reflect.apply(original, this, args)
    })
  }
}

const handle: FileHandle = await fs.open(process.execPath)
const prototype = Object.getPrototypeOf(handle) as object
await handle.close()
intercept(prototype, ['writeFile', 'sync', 'chmod', 'stat'])
intercept(fs, ['open', 'rename', 'readFile', 'stat', 'mkdir', 'realpath', 'rm'])
syncBuiltinESMExports()
