import t from 'tap'
import { defineCommand } from '../../../src/cli/engine/command.ts'
import { SHELLS, writeCompletionScript } from '../../../src/cli/engine/completion/scripts.ts'
import { runProgram } from '../../../src/cli/engine/program.ts'
import type { Program } from '../../../src/cli/engine/program-description.ts'
import { captureIo } from '../capture-io.ts'

const FLAGS = {
  title: 'Flags',
  flags: {
    output: { kind: 'enum', name: 'output', short: 'o', values: ['text', 'json'], help: 'Form.' },
    isDry: { kind: 'boolean', name: 'dry-run', help: 'Change nothing.' },
    file: { kind: 'string', name: 'filename', short: 'f', placeholder: 'FILE', help: 'File.' },
    labels: { kind: 'list', name: 'label', isCommaSeparated: false, help: 'Label.' },
    namespace: { kind: 'string', name: 'namespace', short: 'n', completes: 'namespace', help: 'Namespace.' },
    account: { kind: 'string', name: 'account', completes: 'service-account', help: 'Account.' },
  },
} as const
const OLD = {
  title: 'Old',
  isIgnored: true,
  flags: { old: { kind: 'boolean', name: 'old', help: '' } },
} as const
const NAMES: Readonly<Record<string, readonly string[]>> = {
  namespace: ['shop', 'shipping', 'bad\tname'],
  'service-account': ['shop/', 'ship/'],
  pod: ['cart-0'],
}

function makeCommand(name: string, operandRule = {}) {
  return defineCommand({
    name,
    summary: `Do ${name}`,
    groups: { flags: FLAGS, old: OLD },
    examples: [],
    ...(Object.keys(operandRule).length > 0 && {
      operandRule: { placeholder: 'X', isRepeatable: true, ...operandRule },
    }),
    run: async () => 0,
  })
}

const questions: object[] = []
const PROGRAM: Program = {
  name: 'tool',
  version: '1.0.0',
  summary: 'Does things',
  environmentPrefix: 'TOOL_',
  commands: [
    makeCommand('serve'),
    makeCommand('role make'),
    makeCommand('role ensure'),
    makeCommand('explain', { completes: 'pod' }),
    makeCommand('choose', { values: ['one', 'two'] }),
    makeCommand('read', { placeholder: 'FILE' }),
  ],
  async findNames(question) {
    questions.push(question)
    return NAMES[question.kind] ?? []
  },
}

async function complete(...words: readonly string[]) {
  const { io, output } = captureIo()
  t.equal(await runProgram(PROGRAM, ['__complete', ...words], io), 0)
  const lines = output.stdout.trimEnd().split('\n')
  return { texts: lines.slice(0, -1).map((line) => line.split('\t')[0]), directive: lines.at(-1) }
}

const CASES: readonly (readonly [readonly string[], readonly string[], string])[] = [
  [[''], ['serve', 'role', 'explain', 'choose', 'read', 'help'], ':4'],
  [['ro'], ['role'], ':4'],
  [['role', ''], ['make', 'ensure'], ':4'],
  [['help', 'role', 'e'], ['ensure'], ':4'],
  [['--out'], ['--output'], ':4'],
  [
    ['serve', '--'],
    ['--output', '--dry-run', '--filename', '--label', '--namespace', '--account', '--help', '--version'],
    ':4',
  ],
  [['serve', '--label', 'a', '--dry-run', '--dr'], [], ':4'],
  [['serve', '--label', 'a', '--lab'], ['--label'], ':4'],
  [['serve', '--output', ''], ['text', 'json'], ':4'],
  [['serve', '-o', 'j'], ['json'], ':4'],
  [['role', 'make', '--output=j'], ['--output=json'], ':4'],
  [['serve', '--dry-run='], ['--dry-run=true', '--dry-run=false'], ':4'],
  [['serve', '--filename', ''], [], ':0'],
  [['serve', '--namespace=sh'], ['--namespace=shop', '--namespace=shipping'], ':4'],
  [['serve', '-n', 'sho'], ['shop'], ':4'],
  [['serve', '--account', 's'], ['shop/', 'ship/'], ':6'],
  [['explain', ''], ['cart-0'], ':4'],
  [['choose', 't'], ['two'], ':4'],
  [['choose', '--', '--'], [], ':4'],
  [['read', ''], [], ':0'],
  [['serve', ''], [], ':4'],
  [['nonsense', ''], [], ':4'],
  [['role', 'nonsense', '--'], [], ':4'],
]

for (const [words, texts, directive] of CASES) {
  t.test(JSON.stringify(words), async (t) => {
    t.strictSame(await complete(...words), { texts, directive })
  })
}

t.test('names are looked for where the flags before them say', async (t) => {
  questions.length = 0
  await complete('explain', '-n', 'shop', '--namespace=late', 'ca')
  t.strictSame(questions, [
    { kind: 'pod', begun: 'ca', namespace: 'late', kubeconfig: undefined, context: undefined },
  ])
})

t.test('help with and without a command', async (t) => {
  for (const [args, text] of [
    [['help'], /^Usage: tool \[serve\]/],
    [['help', 'explain'], /^Usage: tool explain/],
    [['help', 'role'], /^Usage: tool role COMMAND/],
    [['help', 'role', 'make'], /^Usage: tool role make/],
  ] as const) {
    const { io, output } = captureIo()
    t.equal(await runProgram(PROGRAM, args, io), 0)
    t.match(output.stdout, text)
  }
  const { io, output } = captureIo()
  t.equal(await runProgram(PROGRAM, ['help', 'explan'], io), 2)
  t.match(output.stderr, /did you mean explain\?/)
})

t.test('each script names the program and its own function', async (t) => {
  for (const shell of SHELLS) t.match(writeCompletionScript(shell, 'my-tool'), /_my_tool[\s\S]*__complete/)
})
