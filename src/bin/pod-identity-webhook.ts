#!/usr/bin/env node
import { runProgram } from '../cli/engine/program.ts'
import { ACTIONS } from '../cli/pod-identity-webhook/actions.ts'
import { readInvocation } from '../cli/pod-identity-webhook/invocation.ts'
import { createProgram } from '../cli/pod-identity-webhook/program.ts'

const [, executable = '', ...given] = process.argv
const { program, args } = readInvocation(createProgram(ACTIONS), executable, given)
process.exitCode = await runProgram(program, args, process)
