import { execFileSync, spawnSync } from 'node:child_process'
import fc from 'fast-check'
import t from 'tap'
import { renderScript } from '../../src/aws/shell-script.ts'
import type { ShellCommand } from '../../src/aws/step.ts'

const render = (steps: Parameters<typeof renderScript>[0]['steps'], notes: readonly string[] = []) =>
  renderScript({ preface: [], steps, notes })

const step = (...commands: readonly ShellCommand[]) => ({
  resource: 's3://bucket',
  detail: 'created',
  commands,
})

t.test('a script has numbered steps, quoted arguments and documents in full', async (t) => {
  const script = render([
    step({ args: ['aws', 's3api', 'create-bucket', '--bucket=b'] }),
    step({ args: ['aws', 'put', "it's"], stdin: '{"a": "$HOME"}' }, { args: ['aws', 'tag', 'a=b c'] }),
  ])
  t.equal(
    script,
    `#!/bin/sh
set -eu

# 1. s3://bucket: created
aws s3api create-bucket --bucket=b

# 2. s3://bucket: created
aws put 'it'\\''s' <<'END'
{"a": "$HOME"}
END
aws tag 'a=b c'
`,
  )
})

t.test('a script of no steps does nothing and says so', async (t) => {
  t.equal(render([]), '#!/bin/sh\n# There is nothing to do.\n')
})

t.test('property: sh hands over arguments and stdin as they are', async () => {
  const text = fc.string({ unit: 'binary' }).filter((value) => !/[\0\r]|^END$/m.test(value))
  const line = fc.string().map((value) => `${value.replaceAll(/[\0\r\n]/g, '')}.\n`)
  const printArguments = ['sh', '-c', 'printf "%s\\0" "$@"; cat', 'sh']
  fc.assert(
    fc.property(fc.array(text.filter((value) => value.isWellFormed())), line, (args, stdin) => {
      const script = render([step({ args: [...printArguments, ...args], stdin })])
      const printed = execFileSync('sh', ['-c', script], { encoding: 'utf8' })
      const expected = args.length === 0 ? '\0' : args.map((argument) => `${argument}\0`).join('')
      return printed === expected + stdin
    }),
    { numRuns: 40 },
  )
})

t.test('what must be said first is the first comment', async (t) => {
  const plan = { preface: ['made blind'], steps: [step({ args: ['true'] })], notes: [] }
  t.match(renderScript(plan), /^#!\/bin\/sh\n# made blind\nset -eu\n/)
  t.match(renderScript({ ...plan, steps: [] }), /^#!\/bin\/sh\n# made blind\n# There is nothing/)
})

t.test('a requirement that is not met ends the script, and says why', async (t) => {
  const requirement = { output: '(404)', refusal: "it's there" }
  const run = (printed: string) => {
    const script = render([
      step({ args: ['sh', '-c', `echo '${printed}' >&2; exit 1`], requirement }, { args: ['echo', 'next'] }),
    ])
    return spawnSync('sh', ['-c', script], { encoding: 'utf8' })
  }
  t.match(run('an error (404) occurred'), { status: 0, stdout: 'next\n', stderr: '' })
  t.match(run('an error (403) occurred'), { status: 1, stdout: '', stderr: "it's there\n" })
})

t.test('property: texts of others stay comments, and nothing acts on a terminal', async () => {
  const nasty = fc.string({
    unit: fc.constantFrom('\n', '\r', '\u001b', '\u009b', '\u2028', '\u202e', '$(touch x)', '`', "'", 'a'),
    maxLength: 12,
  })
  fc.assert(
    fc.property(nasty, nasty, nasty, nasty, (resource, detail, note, kid) => {
      const stdin = JSON.stringify({ kid })
      const script = renderScript({
        preface: [note],
        steps: [{ resource, detail, commands: [{ args: ['cat'], stdin }] }],
        notes: [note],
      })
      const lines = script.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
      const isPlain = /^[\n\u0020-\u007e]*$/.test(script)
      const [shellOptions, command, document = '', end] = lines
      return (
        isPlain &&
        lines.length === 4 &&
        `${shellOptions} ${command} ${end}` === "set -eu cat <<'END' END" &&
        JSON.parse(document).kid === kid
      )
    }),
  )
})
