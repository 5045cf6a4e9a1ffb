import t from 'tap'
import { findMedian, fitSlope } from '../../../bench/measures/statistics.ts'

t.test('the median is the middle value, or the mean of the middle two', (t) => {
  t.equal(findMedian([3, 100, 1]), 3)
  t.equal(findMedian([4, 100, 1, 2]), 3)
  t.equal(findMedian([7]), 7)
  t.ok(Number.isNaN(findMedian([])))
  t.end()
})

t.test('the slope is that of the least-squares line', (t) => {
  const line = [1, 2, 5, 9].map((seconds) => ({ seconds, value: 100 + 0.5 * seconds }))
  t.ok(Math.abs(fitSlope(line) - 0.5) < 1e-12)
  const saw = [0, 1, 2, 3].map((seconds) => ({ seconds, value: seconds % 3 === 0 ? 1 : -1 }))
  t.ok(Math.abs(fitSlope(saw)) < 1e-12)
  t.equal(fitSlope([{ seconds: 1, value: 9 }]), 0)
  t.end()
})
