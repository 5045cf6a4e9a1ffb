#!/usr/bin/env node
// tap's reporter for this project: a line for each test file, all that failed in full, and the totals last.
import { createInterface } from 'node:readline'

const isColorful = process.stdout.isTTY === true && !process.env.NO_COLOR
const paint = (code, text) => (isColorful ? `\u001B[${code}m${text}\u001B[0m` : text)

const totals = { pass: 0, fail: 0, skip: 0, todo: 0 }
let failedDepth

for await (const line of createInterface({ input: process.stdin })) {
  const indent = line.search(/\S/)
  const file = /^(not )?ok \d+ - (\S+\.test\.ts)(.*)$/.exec(line)
  const total = /^# \{ (.*) \}$/.exec(line)
  if (file !== null) {
    const [, failed, name, rest = ''] = file
    const time = /time=([\d.]+)ms/.exec(rest)?.[1]
    const took = time === undefined ? '' : ` (${Math.round(Number(time))} ms)`
    process.stdout.write(`${failed ? paint(31, '✗') : paint(32, '✓')} ${name}${took}\n`)
  } else if (total !== null) {
    for (const [, key, count] of total[1].matchAll(/(\w+): (\d+)/g))
      if (key in totals) totals[key] += Number(count)
  }
  // A failure is shown with what belongs to it: everything below that is indented at least as far.
  if (/^\s*not ok /.test(line)) failedDepth = indent
  else if (failedDepth !== undefined && /^\s*(ok |# Subtest|\d+\.\.\d+)/.test(line)) failedDepth = undefined
  if (failedDepth !== undefined && file === null) process.stdout.write(`${line}\n`)
  if (/^Bail out!/.test(line)) process.stdout.write(`${line}\n`)
}

const skipped = totals.skip + totals.todo
process.stdout.write(
  `${totals.pass} passed, ${totals.fail} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`,
)
