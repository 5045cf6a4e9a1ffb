import t from 'tap'
import { TrustObservation } from '../../../../src/webhook/certificates/self-managed/trust-observation.ts'

type Sight = readonly [nowMs: number, version: string, trusted: string | undefined]

/** After these sights: for how long `a` and `b` have been trusted. */
const CASES: readonly (readonly [name: string, sights: readonly Sight[], held: readonly [number, number]])[] =
  [
    ['nothing was seen', [], [0, 0]],
    ['one sight is no time', [[5, '1', 'a']], [0, 0]],
    [
      'time goes from the first to the last sight',
      [
        [5, '1', 'a'],
        [9, '2', 'a b'],
        [12, '3', 'a b'],
      ],
      [7, 3],
    ],
    [
      'a break begins anew',
      [
        [0, '1', 'a b'],
        [5, '2', 'b'],
        [9, '3', 'a b'],
        [10, '3', 'a b'],
      ],
      [1, 10],
    ],
    [
      'what is not trusted now has no time',
      [
        [0, '1', 'a'],
        [9, '2', ''],
      ],
      [0, 0],
    ],
    [
      'nobody calls',
      [
        [0, '1', 'a'],
        [9, '', undefined],
      ],
      [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ],
    [
      'somebody calls again',
      [
        [0, '1', 'a'],
        [5, '', undefined],
        [9, '7', 'a'],
        [10, '7', 'a'],
      ],
      [1, 0],
    ],
    [
      'a watch that lags changes nothing where it agrees',
      [
        [0, '5', 'a'],
        [9, '8', 'a'],
        [9, '6', 'a b'],
      ],
      [9, 0],
    ],
    [
      'a watch that lags tells of a break',
      [
        [0, '5', 'a b'],
        [9, '8', 'a b'],
        [9, '7', 'b'],
        [10, '8', 'a b'],
      ],
      [1, 10],
    ],
    [
      'versions compare as numbers',
      [
        [0, '9', 'a'],
        [4, '10', 'a'],
      ],
      [4, 0],
    ],
  ]

for (const [name, sights, held] of CASES) {
  t.test(name, async (t) => {
    const observation = new TrustObservation()
    for (const [nowMs, resourceVersion, trusted] of sights) {
      const set = trusted === undefined ? undefined : new Set(trusted.split(' '))
      observation.note({ trusted: set, resourceVersion }, nowMs)
    }
    t.strictSame([observation.findHeldMs('a'), observation.findHeldMs('b')], held)
    t.equal(observation.isKnown, sights.length > 0)
    const last = sights.toSorted((left, right) => Number(left[1]) - Number(right[1])).at(-1)
    t.equal(
      observation.isTrusted('a'),
      held[0] > 0 || (last?.[2]?.includes('a') ?? false),
      'is it trusted now?',
    )
  })
}
