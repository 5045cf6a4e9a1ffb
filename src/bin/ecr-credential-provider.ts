#!/usr/bin/env node
import { createProgram, selectArguments } from '../cli/ecr-credential-provider/program.ts'
import { exitWhenWritten } from '../cli/engine/ending.ts'
import { runProgram } from '../cli/engine/program.ts'

// The kubelet logs all of stderr, for each image: Node's warnings have no place there.
process.removeAllListeners('warning')
// AWS_DEFAULT_PROFILE is the AWS CLI's older name for it, and the SDK knows the newer alone.
const profile = process.env['AWS_PROFILE'] || process.env['AWS_DEFAULT_PROFILE']
if (profile) process.env['AWS_PROFILE'] = profile
const program = createProgram()
const exitCode = await runProgram(program, selectArguments(program, process.argv.slice(2)), process)
// At once: what was given up may be under way, and a credential_process that hangs would hold the process.
await exitWhenWritten(exitCode)
