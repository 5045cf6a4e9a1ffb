import t from 'tap'
import { isAtLeastVersion } from '../../src/kubernetes/api-object.ts'

t.test('resourceVersions compare as numbers of any length, others by equality', async (t) => {
  const rows = [
    ['2', '1', true],
    ['1', '2', false],
    ['10', '9', true],
    ['9', '10', false],
    ['7', '7', true],
    ['99999999999999999999', '99999999999999999998', true],
    ['99999999999999999998', '99999999999999999999', false],
    ['b', 'a', false],
    ['a', 'a', true],
    ['2', '', false],
  ] as const
  for (const [left, right, expected] of rows)
    t.equal(isAtLeastVersion(left, right), expected, `${left} and ${right}`)
})
