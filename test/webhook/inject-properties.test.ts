import fc from 'fast-check'
import jsonPatch from 'fast-json-patch'
import t from 'tap'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { accountManifest, runInject } from '../support/inject-run.ts'

const WORD = fc.constantFrom(
  'a',
  'b-1',
  'AWS_REGION',
  'x: y',
  '# no',
  'é',
  'yes',
  '0644',
  '',
  'two words',
  '"q"',
  "it's",
  '- x',
)
const TEXT = fc.oneof(
  WORD,
  fc.constantFrom('line\nline\n', 'no end\nof line', '\n# in a text\n\n', 'long '.repeat(40)),
)
const ENV = fc.array(fc.record({ name: WORD, value: TEXT }), { maxLength: 3 })

const CONTAINER = fc.record(
  {
    name: fc.constantFrom('cart', 'side', 'init'),
    image: WORD,
    env: fc.oneof(ENV, fc.constant(null)),
    args: fc.array(TEXT, { maxLength: 2 }),
    volumeMounts: fc.array(fc.record({ name: WORD, mountPath: fc.constantFrom('/a', '/b') }), {
      maxLength: 2,
    }),
    resources: fc.constant({}),
  },
  { requiredKeys: ['name'] },
)

const TEMPLATE = fc.record(
  {
    metadata: fc.oneof(
      fc.constant(null),
      fc.record({ labels: fc.oneof(fc.constant(null), fc.constant({ app: 'x' })) }),
    ),
    spec: fc.record(
      {
        volumes: fc.oneof(
          fc.array(fc.record({ name: WORD, emptyDir: fc.constant({}) }), { maxLength: 2 }),
          fc.constant(null),
        ),
        serviceAccountName: fc.constant('cart'),
        initContainers: fc.array(CONTAINER, { maxLength: 2 }),
        containers: fc.array(CONTAINER, { minLength: 1, maxLength: 2 }),
        nodeSelector: fc.constant({ 'kubernetes.io/os': 'linux' }),
      },
      { requiredKeys: ['serviceAccountName', 'containers'] },
    ),
  },
  { requiredKeys: ['spec'] },
)

const WORKLOAD = fc.tuple(TEMPLATE, fc.boolean()).map(([template, isPod]) =>
  isPod
    ? {
        apiVersion: 'v1',
        kind: 'Pod',
        ...template,
        metadata: { ...template.metadata, name: 'p', namespace: 'shop' },
      }
    : {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'd', namespace: 'shop' },
        spec: { replicas: 2, template },
      },
)

/** A comment line for about every fourth line of a text, at any depth; inside a block text it is content. */
const COMMENTS = fc.array(
  fc.record({ at: fc.nat(80), line: fc.constantFrom('# c', '    # c: d', '          # - e', '', '      ') }),
  { maxLength: 20 },
)

function addComments(yaml: string, comments: readonly { at: number; line: string }[]): string {
  const lines = yaml.split('\n')
  for (const { at, line } of comments) lines.splice(at % lines.length, 0, line)
  return lines.join('\n')
}

const TEXTS = fc
  .record({
    workloads: fc.array(WORKLOAD, { minLength: 1, maxLength: 2 }),
    comments: COMMENTS,
    indentSeq: fc.boolean(),
    isList: fc.boolean(),
    lineEnd: fc.constantFrom('\n', '\r\n'),
    hasLastLineEnd: fc.boolean(),
  })
  .map(({ workloads, comments, indentSeq, isList, lineEnd, hasLastLineEnd }) => {
    const write = (value: unknown) =>
      addComments(
        stringify(value, { version: '1.1', lineWidth: 0, indentSeq, aliasDuplicateObjects: false }),
        comments,
      )
    const text = isList
      ? write({ apiVersion: 'v1', kind: 'List', items: workloads })
      : workloads.map(write).join('---\n')
    const whole = `${accountManifest()}---\n${text}`
    return (hasLastLineEnd ? whole : whole.trimEnd()).replaceAll('\n', lineEnd)
  })
  .filter((text) => parseAllDocuments(text).every((document) => document.errors.length === 0))

const CREDENTIALS = JSON.stringify({ identities: [{ namespace: 'shop', serviceAccount: 'cart' }] })

t.test('YAML is added to, and otherwise stays as it came', async (t) => {
  const containerCredentialsPath = `${t.testdir({ identities: CREDENTIALS })}/identities`
  await fc.assert(
    fc.asyncProperty(TEXTS, fc.boolean(), async (text, isContainerCredentials) => {
      const options = isContainerCredentials ? { containerCredentialsPath } : {}
      const { stdout, stderr, error } = await runInject(text, options)
      if (error !== undefined) throw new Error(error)
      if (stderr.includes('written anew')) throw new Error(stderr)

      const given = text.split('\n')
      const kept = keepInOrder(given, stdout.split('\n'))
      const lost = given.slice(kept.length)
      if (lost.length > 0) throw new Error(`lost: ${JSON.stringify(lost[0])}\n${stdout}`)

      const json = await runInject(text, { ...options, output: 'json' })
      const values = parseDocuments(stdout)
      const expected = JSON.parse(json.stdout).items
      t.strictSame(values, expected)
      t.strictSame(await applyPatches(text, options), expected)

      const again = await runInject(stdout, options)
      if (again.stdout !== stdout) throw new Error('a second run changed something')
    }),
    { numRuns: 150, interruptAfterTimeLimit: 20_000 },
  )
})

/** The lines of `given` that are in `lines` in this order; a line that gets a value in its place counts when it begins it. */
function keepInOrder(given: readonly string[], lines: readonly string[]): readonly string[] {
  let next = 0
  for (const line of lines) {
    const wanted = given[next]
    if (wanted === undefined) break
    const isNullOrEmpty = /: ?(?:null|\[\]|\{\})?\r?$/.test(wanted)
    if (
      line.trimEnd() === wanted.trimEnd() ||
      (isNullOrEmpty && line.startsWith(wanted.replace(/ ?(?:null|\[\]|\{\})?\r?$/, '')))
    )
      next++
  }
  return given.slice(0, next)
}

function parseDocuments(text: string): readonly unknown[] {
  return parseAllDocuments(text, { version: '1.1' }).flatMap((document) => {
    const value = document.toJS()
    return value === null ? [] : value.kind === 'List' ? value.items : [value]
  })
}

/** What the patches make of the objects, by another hand. */
async function applyPatches(text: string, options: object): Promise<readonly unknown[]> {
  const { stdout } = await runInject(text, { ...options, output: 'patch' })
  const patches: { kind: string; patch: jsonPatch.Operation[] }[] = JSON.parse(stdout)
  return parseDocuments(text).map((value) => {
    const object = value as { kind: string }
    if (!['Pod', 'Deployment'].includes(object.kind)) return object
    if (patches[0]?.kind !== object.kind) return object
    return jsonPatch.applyPatch(object, patches.shift()?.patch ?? []).newDocument
  })
}

t.test('JSON that changes becomes YAML, and says the same', async (t) => {
  const manifests = [t.testdir({ 'account.yaml': accountManifest() })]
  await fc.assert(
    fc.asyncProperty(WORKLOAD, fc.constantFrom(undefined, 2, '\t'), async (workload, indent) => {
      const text = JSON.stringify(workload, undefined, indent)
      const yaml = await runInject(text, { manifests })
      const json = await runInject(text, { manifests, output: 'json' })
      t.strictSame(parse(yaml.stdout, { version: '1.1' }) as unknown, JSON.parse(json.stdout))
      t.notMatch(yaml.stderr, 'written anew')
    }),
    { numRuns: 40 },
  )
})
