import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import t from 'tap'
import { renderScript } from '../../src/aws/shell-script.ts'

const step = (...commands: Parameters<typeof renderScript>[0][number]['commands']) => ({
  resource: 's3://bucket',
  detail: 'created',
  commands,
})

t.test('a script has numbered steps, quoted arguments and documents in full', async (t) => {
  const script = renderScript([
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
  t.equal(renderScript([]), '#!/bin/sh\n# There is nothing to do.\n')
})

t.test('property: sh hands over arguments and stdin as they are', async () => {
  const text = fc.string({ unit: 'binary' }).filter((value) => !/[\0\r]|^END$/m.test(value))
  const line = fc.string().map((value) => `${value.replaceAll(/[\0\r\n]/g, '')}.\n`)
  const printArguments = ['sh', '-c', 'printf "%s\\0" "$@"; cat', 'sh']
  fc.assert(
    fc.property(fc.array(text.filter((value) => value.isWellFormed())), line, (args, stdin) => {
      const script = renderScript([step({ args: [...printArguments, ...args], stdin })])
      const printed = execFileSync('sh', ['-c', script], { encoding: 'utf8' })
      const expected = args.length === 0 ? '\0' : args.map((argument) => `${argument}\0`).join('')
      return printed === expected + stdin
    }),
    { numRuns: 40 },
  )
})
