#!/usr/bin/env node
import { createProgram, selectArguments } from '../cli/ecr-credential-provider/program.ts'
import { exitWhenWritten } from '../cli/engine/ending.ts'
import { runProgram } from '../cli/engine/program.ts'

// The kubelet logs all of stderr, for each image: Node's warnings have no place there.
process.removeAllListeners('warning')
const program = createProgram()
const exitCode = await runProgram(program, selectArguments(program, process.argv.slice(2)), process)
// At once: what was given up may be under way, and a credential_process that hangs would hold the process.
await exitWhenWritten(exitCode)
