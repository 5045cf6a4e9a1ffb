import t from 'tap'
import { parseMark } from '../../../src/webhook/policy/mark.ts'

t.test('a mark says which ServiceAccount the policy saw and what the pod had', (t) => {
  const plain = { resourceVersion: '4711', hasOwnVolume: false, ownByContainer: new Map() }
  t.strictSame(parseMark('4711'), plain)
  t.strictSame(parseMark('4711 /volume app:im init:srim'), {
    ...plain,
    hasOwnVolume: true,
    ownByContainer: new Map([
      ['app', 'im'],
      ['init', 'srim'],
    ]),
  })
  t.end()
})

t.test('anything else is no mark of the policy', (t) => {
  for (const text of [
    undefined,
    '',
    ' ',
    'webhook',
    'x',
    '-1',
    '4711  app:i',
    '4711 app',
    '4711 :i',
    '4711 a:i:m',
  ])
    t.equal(parseMark(text), undefined, String(text))
  t.end()
})
