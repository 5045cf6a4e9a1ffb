import fc from 'fast-check'
import t from 'tap'
import { parseDurationMs } from '../../../src/cli/engine/duration.ts'

const DURATIONS: readonly (readonly [text: string, milliseconds: number | undefined])[] = [
  ['0', 0],
  ['0s', 0],
  ['100ms', 100],
  ['1s', 1000],
  ['+1s', 1000],
  ['60s', 60_000],
  ['1.5h', 5_400_000],
  ['.5s', 500],
  ['1.s', 1000],
  ['1h30m', 5_400_000],
  ['1m1s1ms', 61_001],
  ['250us', 0.25],
  ['250µs', 0.25],
  ['250μs', 0.25],
  ['1ns', 0.000001],
  ['576h', 2_073_600_000],
  ['577h', undefined],
  ['9'.repeat(400).concat('h'), undefined],
  ['', undefined],
  ['5', undefined],
  ['-1s', undefined],
  ['1 s', undefined],
  ['1d', undefined],
  ['s', undefined],
  ['.s', undefined],
  ['1s1', undefined],
  ['1S', undefined],
  ['1e3s', undefined],
]

for (const [text, milliseconds] of DURATIONS) {
  t.test(`${text.slice(0, 20)} is ${milliseconds} ms`, async (t) => {
    t.equal(parseDurationMs(text), milliseconds)
  })
}

t.test('a limit of its own takes the place of what a timer takes', async (t) => {
  t.equal(parseDurationMs('8760h', 8760 * 3_600_000), 8760 * 3_600_000)
  t.equal(parseDurationMs('8761h', 8760 * 3_600_000), undefined)
})

t.test('property: hours, minutes, seconds and milliseconds add up', async (t) => {
  const number = fc.integer({ min: 0, max: 500 })
  fc.assert(
    fc.property(number, number, number, number, (h, m, s, ms) => {
      const expected = ((h * 60 + m) * 60 + s) * 1000 + ms
      return parseDurationMs(`${h}h${m}m${s}s${ms}ms`) === expected
    }),
  )
  t.pass()
})
