#!/usr/bin/env node
import { runProgram } from '../cli/engine/program.ts'
import { ACTIONS } from '../cli/pod-identity-webhook/actions.ts'
import { createProgram } from '../cli/pod-identity-webhook/program.ts'

process.exitCode = await runProgram(createProgram(ACTIONS), process.argv.slice(2), process)
