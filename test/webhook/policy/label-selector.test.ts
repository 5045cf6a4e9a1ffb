import t from 'tap'
import { parseLabelSelector, usesAccountLabel } from '../../../src/webhook/policy/label-selector.ts'

t.test('a selector is read as kubectl reads it', (t) => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['a=b', { matchLabels: { a: 'b' } }],
    ['a==b, c.io/d=', { matchLabels: { a: 'b', 'c.io/d': '' } }],
    ['a!=b', { matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['b'] }] }],
    [
      'a in (b, c),!d',
      {
        matchExpressions: [
          { key: 'a', operator: 'In', values: ['b', 'c'] },
          { key: 'd', operator: 'DoesNotExist' },
        ],
      },
    ],
    [
      'a notin (b),c',
      {
        matchExpressions: [
          { key: 'a', operator: 'NotIn', values: ['b'] },
          { key: 'c', operator: 'Exists' },
        ],
      },
    ],
    ['a=b,a=c', { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'a', operator: 'In', values: ['c'] }] }],
  ]
  for (const [text, selector] of cases) t.strictSame(parseLabelSelector(text), selector, text)
  for (const text of ['', '=', 'a=b=c', 'a in b', 'a in (b', '-a', 'a,', 'ä=b'])
    t.equal(parseLabelSelector(text), undefined, text)
  t.end()
})

t.test('the label of ServiceAccounts with a role is recognized in any requirement', (t) => {
  const key = 'eks.amazonaws.com/pod-identity-account'
  for (const [text, isUsed] of [
    [`${key}=true`, true],
    [key, true],
    ['team=shop', false],
  ] as const)
    t.equal(usesAccountLabel(parseLabelSelector(text) ?? {}), isUsed, text)
  t.end()
})
