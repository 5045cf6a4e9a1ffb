import t from 'tap'
import { defineCommand } from '../../../src/cli/engine/command.ts'
import { runProgram } from '../../../src/cli/engine/program.ts'
import type { Program } from '../../../src/cli/engine/program-description.ts'
import { UsageError } from '../../../src/cli/engine/usage-error.ts'
import { captureIo } from '../capture-io.ts'

const FLAGS = {
  title: 'Things',
  flags: {
    thingCount: { kind: 'integer', name: 'thing-count', default: 3, help: 'How many things there are.' },
  },
} as const

function createProgram(run: (thingCount: number) => Promise<number>): Program {
  const command = (name: string, extra: number) =>
    defineCommand({
      name,
      summary: `Do ${name}`,
      groups: { things: FLAGS },
      examples: [{ purpose: 'do it', line: `tool ${name}` }],
      run: ({ things }) => run(things.thingCount + extra),
    })
  return {
    name: 'tool',
    version: '1.2.3',
    summary: 'Does things',
    environmentPrefix: 'TOOL_',
    commands: [command('first', 0), command('second', 100)],
  }
}

const echo = createProgram(async (thingCount) => thingCount)

t.test('the first command runs when none is named', async (t) => {
  const { io } = captureIo()
  t.equal(await runProgram(echo, [], io), 3)
  t.equal(await runProgram(echo, ['--thing-count=5'], io), 5)
  t.equal(await runProgram(echo, ['first', '--thing-count=5'], io), 5)
  t.equal(await runProgram(echo, ['second', '--thing-count', '5'], io), 105)
})

t.test('the environment of the process is read', async (t) => {
  const { io } = captureIo({ env: { TOOL_THING_COUNT: '7' } })
  t.equal(await runProgram(echo, [], io), 7)
})

t.test('a wrong command line is one line on stderr and exit code 2', async (t) => {
  const lines: readonly (readonly [string[], string])[] = [
    [['thrid'], 'tool: unknown command "thrid"; the commands are first, second\n'],
    [['secnd'], 'tool: unknown command "secnd"; did you mean second?\n'],
    [['first', 'second'], 'tool: unexpected argument "second"; --help lists what is allowed\n'],
    [[''], 'tool: unexpected argument ""; --help lists what is allowed\n'],
    [['--thing-cuont=1'], 'tool: unknown flag --thing-cuont; did you mean --thing-count?\n'],
  ]
  for (const [args, line] of lines) {
    const { io, output } = captureIo()
    t.equal(await runProgram(echo, args, io), 2)
    t.strictSame(output, { stdout: '', stderr: line })
  }
})

t.test('a command may have a name of two words, and its first word lists those that share it', async (t) => {
  const [first, second] = echo.commands
  const rename = (command: typeof first | undefined, name: string) => ({ ...(command ?? first), name })
  const grouped: Program = {
    ...echo,
    commands: [first, rename(second, 'key make'), rename(first, 'key show')],
  }
  const { io, output } = captureIo()
  t.equal(await runProgram(grouped, ['key', 'make', '--thing-count=5'], io), 105)
  t.equal(await runProgram(grouped, ['key', 'show', '--thing-count=5'], io), 5)
  t.strictSame(output, { stdout: '', stderr: '' })

  t.equal(await runProgram(grouped, ['key', '--help'], io), 0)
  t.match(output.stdout, 'Usage: tool key COMMAND [flags]')
  t.match(output.stdout, /^ {2}key make +Do second\.\n {2}key show +Do first\.$/m)

  const lines: readonly (readonly [string[], string])[] = [
    [['key'], 'tool: key needs a command: key make, key show\n'],
    [['key', '--thing-count=5'], 'tool: key needs a command: key make, key show\n'],
    [['key', 'mak'], 'tool: unknown command "key mak"; did you mean key make?\n'],
    [['make'], 'tool: unknown command "make"; the commands are first, key make, key show\n'],
  ]
  for (const [args, line] of lines) {
    const wrong = captureIo()
    t.equal(await runProgram(grouped, args, wrong.io), 2)
    t.strictSame(wrong.output, { stdout: '', stderr: line })
  }
})

t.test('an error of the command is one line on stderr and exit code 1', async (t) => {
  const errors: readonly (readonly [unknown, number, string | RegExp])[] = [
    [new Error('cannot listen on port 443: EACCES'), 1, 'tool: cannot listen on port 443: EACCES\n'],
    [new Error('first\n  second\r\n'), 1, 'tool: first; second\n'],
    [new UsageError('--a and --b exclude each other'), 2, 'tool: --a and --b exclude each other\n'],
    ['a text', 1, 'tool: a text\n'],
    [new TypeError('x is not a function'), 1, /^tool: internal error: TypeError: x is not a function\n +at /],
  ]
  for (const [error, code, line] of errors) {
    const { io, output } = captureIo()
    const program = createProgram(() => Promise.reject(error))
    t.equal(await runProgram(program, [], io), code)
    t.match(output.stderr, line)
    if (typeof line === 'string') t.equal(output.stderr, line)
  }
})

t.test('--version prints the version alone', async (t) => {
  for (const args of [['--version'], ['second', '--version']]) {
    const { io, output } = captureIo()
    t.equal(await runProgram(echo, args, io), 0)
    t.strictSame(output, { stdout: '1.2.3\n', stderr: '' })
  }
})

t.test('--help of the program is its default command with the list of commands', async (t) => {
  const { io, output } = captureIo()
  t.equal(await runProgram(echo, ['--help'], io), 0)
  t.equal(
    output.stdout,
    `Usage: tool [first] [flags]
Does things.

Commands:
  first   Do first (the default).
  second  Do second.

Things:
  --thing-count N               How many things there are. (default 3)

Other flags:
  -h, --help                    Print this help and exit.
  --version                     Print the version and exit.

tool help COMMAND tells about a command.

Every flag can also come from the environment: --thing-count from
TOOL_THING_COUNT. A flag wins. An empty variable counts as not set.

Examples:
  # do it
  tool first
`,
  )
})

t.test('--help of another command is about it alone', async (t) => {
  const { io, output } = captureIo()
  await runProgram(echo, ['second', '-h'], io)
  t.match(output.stdout, /^Usage: tool second \[flags\]\nDo second\.\n\nThings:/)
})

t.test('--help is coloured on a terminal only, and not against NO_COLOR', async (t) => {
  const escapeCharacter = String.fromCharCode(27)
  const help = async (io: Parameters<typeof captureIo>[0]) => {
    const captured = captureIo(io)
    await runProgram(echo, ['--help'], captured.io)
    return captured.output.stdout
  }
  t.notMatch(await help({}), escapeCharacter)
  t.match(await help({ isTTY: true }), `${escapeCharacter}[1mUsage:${escapeCharacter}[22m tool`)
  t.match(await help({ isTTY: true, env: { NO_COLOR: '' } }), escapeCharacter)
  t.notMatch(await help({ isTTY: true, env: { NO_COLOR: '1' } }), escapeCharacter)
  t.notMatch(await help({ isTTY: true, env: { TERM: 'dumb' } }), escapeCharacter)
})

t.test('the process itself is an io', async (t) => {
  t.equal(await runProgram(echo, ['--thing-count=4'], process), 4)
})

t.test(
  'flags of a group that is refused are named with the reason, and do not come from the environment',
  async (t) => {
    const program: Program = {
      ...echo,
      usageExitCode: 1,
      commands: [
        defineCommand({
          name: 'only',
          summary: 'Do it',
          groups: {
            refused: {
              title: 'Refused',
              refusal: 'there is no such thing; use --thing-count',
              flags: { oldThing: { kind: 'string', name: 'old-thing', help: 'Refused.' } },
            },
          },
          examples: [],
          run: async ({ refused }) => (refused.oldThing === undefined ? 0 : 3),
        }),
      ],
    }
    const { io, output } = captureIo({ env: { TOOL_OLD_THING: 'x' } })
    t.equal(await runProgram(program, [], io), 0)
    t.equal(await runProgram(program, ['--old-thing=1'], io), 1, 'the exit code is the program’s own')
    t.equal(output.stderr, 'tool: --old-thing is refused: there is no such thing; use --thing-count\n')
    t.equal(await runProgram(program, ['--help'], io), 0)
    t.match(output.stdout, /Refused:\n {2}--old-thing\n/)
  },
)

t.test('a command gets its operands, and its help shows their place', async (t) => {
  const list = defineCommand({
    name: 'list',
    summary: 'Do list',
    groups: {},
    operandRule: { placeholder: 'FILE', isRepeatable: true },
    examples: [],
    async run(_values, io, operands) {
      io.stdout.write(operands.join())
      return 0
    },
  })
  const program: Program = { ...echo, commands: [...echo.commands, list] }
  const { io, output } = captureIo()
  t.equal(await runProgram(program, ['list', 'a', 'b'], io), 0)
  t.equal(output.stdout, 'a,b')
  await runProgram(program, ['list', '--help'], io)
  t.match(output.stdout, 'Usage: tool list [flags] FILE...\n')
})
