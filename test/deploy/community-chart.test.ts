import { readFile } from 'node:fs/promises'
import t from 'tap'
import { parse } from 'yaml'

/** Every value of the chart amazon-eks-pod-identity-webhook, by its path. */
const THEIRS = (await readFile('test/fixtures/charts/amazon-eks-pod-identity-webhook.txt', 'utf8'))
  .trim()
  .split('\n')
/** Fields that our values leave to people: they are in no values.yaml. */
const FREE = /^(resources|webhook\.objectSelector)\./

const guide = await readFile('docs/helm.md', 'utf8')
const [, chapter = ''] = guide.split('## From the community chart\n')
const rows = (chapter.split('\n## ')[0] ?? '')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()))

t.test('the guide says of each value where it goes, once, and of no other', async (t) => {
  t.strictSame(rows.flatMap(([, theirs = '']) => listCode(theirs)).toSorted(), THEIRS.toSorted())
  for (const [, theirs, ours] of rows) t.match(ours, /\w/, theirs ?? '')
})

t.test('the values of ours that it names are there', async (t) => {
  const values = parse(await readFile('deploy/chart/values.yaml', 'utf8'))
  for (const [, theirs = '', ours = ''] of rows) {
    // "the same" stands for the name on the left.
    const same = ours.startsWith('the same') ? listCode(theirs) : []
    const named = listCode(ours.split(/[;.] |: /)[0] ?? '').filter((code) => /^[a-z]\w*(\.\w+)+$/.test(code))
    for (const path of [...same, ...named].filter((path) => !FREE.test(path)))
      t.not(find(values, path.split('.')), undefined, path)
  }
})

function listCode(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
}

function find(values: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((map, key) => (map as Record<string, unknown> | undefined)?.[key], values)
}
