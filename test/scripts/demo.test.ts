import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'

const run = promisify(execFile)

t.test('the demo serves, asks, shows what changes and why, and ends', async (t) => {
  const { stdout } = await run(process.execPath, ['scripts/demo/demo.ts'])
  t.match(stdout, /^\+ +- name: AWS_ROLE_ARN$/m)
  t.match(stdout, /^\+ +- name: aws-iam-token$/m)
  t.match(stdout, /^\{.*"outcome":"mutated","reason":"role_annotation".*\}$/m)
  t.match(stdout, /ended with exit code 0/)
  t.ok(!stdout.includes('\u001B'), 'no colour in a pipe')
})
