import t from 'tap'
import { hasAny, memberOr, toCel } from '../../../src/webhook/policy/cel.ts'

t.test('values are written as literals of CEL', (t) => {
  const cases: readonly (readonly [unknown, string])[] = [
    ['', "''"],
    ["it's", "'it\\'s'"],
    ['say "a"', `'say "a"'`],
    ['C:\\a\n', "'C:\\\\a\\n'"],
    ['\\"', `'\\\\"'`],
    [600, '600'],
    [true, 'true'],
    [[], '[]'],
    [['a', 'b'], "['a', 'b']"],
    [{ name: 'A', value: 'b' }, "{'name': 'A', 'value': 'b'}"],
    [{ name: 'a', readOnly: true }, "{'name': dyn('a'), 'readOnly': dyn(true)}"],
  ]
  for (const [value, text] of cases) t.equal(toCel(value), text)
  t.end()
})

t.test('a value that stands for an expression is written as that, wherever it is', (t) => {
  const holes = new Map<unknown, string>([['\u0000role', 'variables.role']])
  t.equal(toCel([{ name: 'A', value: '\u0000role' }], holes), "[{'name': 'A', 'value': variables.role}]")
  t.end()
})

t.test('members and names', (t) => {
  t.equal(memberOr('a', 'b/c', "''"), "a[?'b/c'].orValue('')")
  t.equal(hasAny('names', ['A']), "names.exists(n, n in ['A'])")
  t.end()
})
