#!/usr/bin/env node
import { runProgram } from '../cli/engine/program.ts'
import { createProgram } from '../cli/roles-anywhere/program.ts'

process.exitCode = await runProgram(createProgram(), process.argv.slice(2), process)
