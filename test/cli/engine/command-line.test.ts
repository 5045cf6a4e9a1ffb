import fc from 'fast-check'
import t from 'tap'
import { defineCommand } from '../../../src/cli/engine/command.ts'
import { readCommandLine } from '../../../src/cli/engine/command-line.ts'
import type { FlagGroup } from '../../../src/cli/engine/flag-table.ts'
import { UsageError } from '../../../src/cli/engine/usage-error.ts'

const FIRST = {
  title: 'First',
  flags: {
    port: { kind: 'integer', name: 'port', default: 443, min: 0, max: 65535, help: '' },
    verbosity: { kind: 'integer', name: 'v', short: 'v', default: 0, help: '' },
    isInCluster: { kind: 'boolean', name: 'in-cluster', default: true, help: '' },
    isDebugging: { kind: 'boolean', name: 'enable-debugging', help: '' },
    audience: { kind: 'string', name: 'token-audience', default: 'sts', help: '' },
    region: { kind: 'string', name: 'region', help: '' },
    account: {
      kind: 'string',
      name: 'account',
      accepts: { pattern: /^\d{12}$/, description: 'twelve digits' },
      help: '',
    },
  },
} as const satisfies FlagGroup

const SECOND = {
  title: 'Second',
  flags: {
    delayMs: { kind: 'duration', name: 'delay', default: '5s', help: '' },
    level: {
      kind: 'enum',
      name: 'level',
      values: ['1.0', '1.1'],
      aliases: { one: '1.0' },
      default: '1.1',
      help: '',
    },
    format: { kind: 'enum', name: 'format', values: ['json', 'pretty'], help: '' },
    suites: { kind: 'list', name: 'suites', isCommaSeparated: true, help: '' },
    files: { kind: 'list', name: 'filename', short: 'f', isCommaSeparated: false, help: '' },
  },
} as const satisfies FlagGroup

const IGNORED = {
  title: 'Ignored',
  isIgnored: true,
  flags: {
    logDir: { kind: 'string', name: 'log-dir', help: '' },
    toStderr: { kind: 'boolean', name: 'logtostderr', help: '' },
  },
} as const satisfies FlagGroup

const GROUPS = { first: FIRST, second: SECOND, ignored: IGNORED }

const DEFAULTS = {
  port: 443,
  verbosity: 0,
  isInCluster: true,
  isDebugging: false,
  audience: 'sts',
  region: undefined,
  account: undefined,
  delayMs: 5000,
  level: '1.1',
  format: undefined,
  suites: [],
  files: [],
  logDir: undefined,
  toStderr: false,
}

function read(args: readonly string[], variables: Record<string, string> = {}) {
  const line = readCommandLine(GROUPS, args, { prefix: 'MY_', variables })
  if (line.kind !== 'run') throw new Error(`asks for ${line.kind}`)
  return { ...line.values.first, ...line.values.second, ...line.values.ignored }
}

t.test('without arguments every flag has its default', async (t) => {
  t.strictSame(read([]), DEFAULTS)
})

const SPELLINGS: readonly (readonly [
  args: string,
  change: Partial<Record<keyof typeof DEFAULTS, unknown>>,
])[] = [
  ['--port=8443', { port: 8443 }],
  ['--port 8443', { port: 8443 }],
  ['--port=0', { port: 0 }],
  ['--port=+80', { port: 80 }],
  ['--port 1 --port=2', { port: 2 }],
  ['--v=4', { verbosity: 4 }],
  ['--v 4', { verbosity: 4 }],
  ['-v=4', { verbosity: 4 }],
  ['-v 4', { verbosity: 4 }],
  ['-v4', { verbosity: 4 }],
  ['-v=-1', { verbosity: -1 }],
  ['-v -1', { verbosity: -1 }],
  ['--in-cluster', { isInCluster: true }],
  ['--in-cluster=false', { isInCluster: false }],
  ['--in-cluster=false --port=1', { isInCluster: false, port: 1 }],
  ['--in_cluster=false', { isInCluster: false }],
  ['--token-audience=', { audience: '' }],
  ['--token-audience=a=b', { audience: 'a=b' }],
  ['--token-audience --port', { audience: '--port' }],
  ['--region=', {}],
  ['--region=eu-west-1', { region: 'eu-west-1' }],
  ['--account=012345678901', { account: '012345678901' }],
  ['--account=', {}],
  ['--delay=100ms', { delayMs: 100 }],
  ['--delay 1h30m', { delayMs: 5_400_000 }],
  ['--level=one', { level: '1.0' }],
  ['--level=', {}],
  ['--format pretty', { format: 'pretty' }],
  ['--suites=a,b --suites=c', { suites: ['a', 'b', 'c'] }],
  ['--suites=a,,b,', { suites: ['a', 'b'] }],
  ['-f - -fa,b.yaml --filename=c', { files: ['-', 'a,b.yaml', 'c'] }],
  ['--log_dir=/x --logtostderr', { logDir: '/x', toStderr: true }],
  ['--log-dir /x --logtostderr=false', { logDir: '/x' }],
  ['--port=1 --', { port: 1 }],
]

for (const [args, change] of SPELLINGS) {
  t.test(`reads ${args}`, async (t) => {
    t.strictSame(read(args.split(' ')), { ...DEFAULTS, ...change })
  })
}

t.test('booleans are spelled as in Go', async (t) => {
  for (const text of ['1', 't', 'T', 'true', 'True', 'TRUE'])
    t.equal(read([`--in-cluster=${text}`]).isInCluster, true)
  for (const text of ['0', 'f', 'F', 'false', 'False', 'FALSE'])
    t.equal(read([`--in-cluster=${text}`]).isInCluster, false)
  for (const text of ['', 'yes', 'tRUE', 'on', '2'])
    t.throws(() => read([`--in-cluster=${text}`]), UsageError)
})

const MISTAKES: readonly (readonly [args: string, message: string])[] = [
  ['--prot=1', 'unknown flag --prot; did you mean --port?'],
  ['--in-clustr', 'unknown flag --in-clustr; did you mean --in-cluster?'],
  ['--something-else', 'unknown flag --something-else; --help lists those that there are'],
  ['-logtostderr', 'unknown flag -logtostderr; did you mean --logtostderr?'],
  ['-filename=x', 'unknown flag -filename; did you mean --filename?'],
  ['-x', 'unknown flag -x; --help lists those that there are'],
  ['--=1', 'unknown flag --; --help lists those that there are'],
  ['--port', '--port needs a value: a whole number from 0 to 65535'],
  ['-v', '-v needs a value: a whole number'],
  ['--port=http', '--port is "http"; it takes a whole number from 0 to 65535'],
  ['--port=65536', '--port is "65536"; it takes a whole number from 0 to 65535'],
  ['--port=-1', '--port is "-1"; it takes a whole number from 0 to 65535'],
  ['--port=0600', '--port is "0600"; it takes a whole number from 0 to 65535'],
  ['--port=1.5', '--port is "1.5"; it takes a whole number from 0 to 65535'],
  ['--port=', '--port is ""; it takes a whole number from 0 to 65535'],
  ['--port=x --port=1', '--port is "x"; it takes a whole number from 0 to 65535'],
  ['-v=x', '-v is "x"; it takes a whole number'],
  ['--in-cluster=maybe', '--in-cluster is "maybe"; it takes true or false'],
  ['--in-cluster false', 'unexpected argument "false"; write --in-cluster=false'],
  ['pod.yaml', 'unexpected argument "pod.yaml"; --help lists what is allowed'],
  ['-- --port', 'unexpected argument "--port"; --help lists what is allowed'],
  ['--account=12', '--account is "12"; it takes twelve digits'],
  ['--delay=5', '--delay is "5"; it takes a duration such as 100ms, 1s or 1h30m, of 24 days at most'],
  ['--level=2', '--level is "2"; it takes 1.0, 1.1 or one'],
  ['--format=xml', '--format is "xml"; it takes json or pretty'],
  ['--level=toString', '--level is "toString"; it takes 1.0, 1.1 or one'],
]

for (const [args, message] of MISTAKES) {
  t.test(`refuses ${args}`, async (t) => {
    t.throws(() => read(args.split(' ')), new UsageError(message))
  })
}

t.test('a message stays one short line whatever was written', async (t) => {
  for (const args of [[`--port=a\nb${'x'.repeat(5000)}`], [`--a\nb${'x'.repeat(500)}`], ['a\r\nb']]) {
    try {
      read(args)
      t.fail('accepted')
    } catch (error) {
      t.ok(error instanceof UsageError)
      t.match(String(error), /^.{1,220}$/)
    }
  }
})

t.test('what arguments do not give comes from the environment', async (t) => {
  t.strictSame(
    read([], {
      MY_PORT: '1',
      MY_IN_CLUSTER: 'false',
      MY_TOKEN_AUDIENCE: 'x',
      MY_SUITES: 'a,b',
      MY_FILENAME: 'a,b',
    }),
    {
      ...DEFAULTS,
      port: 1,
      isInCluster: false,
      audience: 'x',
      suites: ['a', 'b'],
      files: ['a,b'],
    },
  )
})

t.test('a flag wins over the environment, also over a bad value in it', async (t) => {
  t.equal(read(['--port=2'], { MY_PORT: '1' }).port, 2)
  t.equal(read(['--port=2'], { MY_PORT: 'x' }).port, 2)
  t.strictSame(read(['--suites=c'], { MY_SUITES: 'a,b' }).suites, ['c'])
  t.equal(read(['-v=2'], { MY_V: '1' }).verbosity, 2)
})

t.test('a bad value from the environment names the variable', async (t) => {
  const message = 'MY_PORT is "x"; it takes a whole number from 0 to 65535'
  t.throws(() => read([], { MY_PORT: 'x' }), new UsageError(message))
})

t.test('variables that are not for flags are left alone', async (t) => {
  const variables = {
    PORT: '1',
    MY_UNKNOWN: 'x',
    MY_REGION: '',
    MY_TOKEN_AUDIENCE: '', // empty counts as not set
    MY_VERSION: 'v1.2.3', // an image's tag, often
    MY_HELP: 'x',
    MY_LOGTOSTDERR: 'x', // ignored flags are not read from anywhere
  }
  t.strictSame(read([], variables), DEFAULTS)
})

t.test('what the kubelet writes for a Service of that name is not a flag', async (t) => {
  t.equal(read([], { MY_PORT: 'tcp://10.96.0.7:443', MY_PORT_443_TCP: 'tcp://10.96.0.7:443' }).port, 443)
  t.equal(read([], { MY_PORT: 'udp://10.96.0.7:53' }).port, 443)
})

t.test('--help and --version win over what else is wrong with values and the environment', async (t) => {
  const kindOf = (...args: string[]) =>
    readCommandLine(GROUPS, args, { prefix: 'MY_', variables: { MY_PORT: 'x' } }).kind
  t.equal(kindOf('--help'), 'help')
  t.equal(kindOf('-h'), 'help')
  t.equal(kindOf('--port=x', '--help'), 'help')
  t.equal(kindOf('--version'), 'version')
  t.equal(kindOf('--version=true'), 'version')
  t.equal(kindOf('--version', '--help'), 'help')
  t.equal(kindOf('--version=false', '--port=1'), 'run')
  t.throws(() => kindOf('--bogus', '--help'), UsageError)
  t.throws(() => kindOf('-hv'), UsageError)
})

t.test('property: --name=value and --name value are the same', async (t) => {
  const texts = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('-', '--', '--port', '=', 'a=b', ','),
  )
  fc.assert(
    fc.property(
      fc.constantFrom('token-audience', 'region', 'suites', 'filename', 'log_dir'),
      texts,
      (name, text) => {
        t.strictSame(read([`--${name}=${text}`]), read([`--${name}`, text]))
      },
    ),
  )
  fc.assert(fc.property(texts, (text) => read([`--token-audience=${text}`]).audience === text))
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 65535 }), (port) => read(['--port', `${port}`]).port === port),
  )
})

t.test('property: arguments are read or refused in one line', async (t) => {
  const words = fc.array(
    fc.oneof(fc.string(), fc.constantFrom('--port', '-v', '--in-cluster', '1', '--', '-', '--v=')),
  )
  fc.assert(fc.property(words, (args) => isReadOrRefused(args)))
  t.pass()
})

function isReadOrRefused(args: readonly string[]): boolean {
  try {
    readCommandLine(GROUPS, args, { prefix: 'MY_', variables: {} })
    return true
  } catch (error) {
    return error instanceof UsageError && !/[\r\n]/.test(error.message)
  }
}

t.test('values have the types that the table says', async (t) => {
  defineCommand({
    name: 'typed',
    summary: '',
    groups: GROUPS,
    examples: [],
    async run({ first, second }) {
      const port: number = first.port
      const region: string | undefined = first.region
      const level: '1.0' | '1.1' = second.level
      const format: 'json' | 'pretty' | undefined = second.format
      const files: readonly string[] = second.files
      // @ts-expect-error a flag without a default may be absent
      const account: string = first.account
      return [port, region, level, format, files, account].length
    },
  })
  t.pass('checked by the compiler')
})

const OPERANDS: readonly (readonly [
  args: string,
  isRepeatable: boolean,
  operands: readonly string[] | string,
])[] = [
  ['a.yaml', false, ['a.yaml']],
  ['--port=1 a.yaml', false, ['a.yaml']],
  ['a.yaml --port=1', false, ['a.yaml']],
  ['--in-cluster a.yaml', false, ['a.yaml']],
  ['a.yaml --port 1 b.yaml', true, ['a.yaml', 'b.yaml']],
  ['-- --port -v', true, ['--port', '-v']],
  ['a.yaml b.yaml', false, 'unexpected argument "b.yaml"; --help lists what is allowed'],
  ['--port=1', true, 'FILE is needed; --help tells more'],
  ['', true, 'unexpected argument ""; --help lists what is allowed'],
]

for (const [args, isRepeatable, expected] of OPERANDS) {
  t.test(`reads operands of ${args}${isRepeatable ? ', where several are allowed' : ''}`, async (t) => {
    const operandRule = { placeholder: 'FILE', isRepeatable }
    const readOperands = () =>
      readCommandLine(GROUPS, args.split(' '), { prefix: 'MY_', variables: {} }, operandRule)
    if (typeof expected === 'string') t.throws(readOperands, new UsageError(expected))
    else t.match(readOperands(), { kind: 'run', operands: expected })
  })
}
