import t from 'tap'
import type { KnownMetric } from './known-metrics.ts'
import { checkExpression } from './promql-check.ts'

const known = new Map<string, KnownMetric>([
  ['hits_total', { isCounter: true, labels: new Set(['pod', 'result']), values: new Set(['good', 'bad']) }],
  ['took_seconds_bucket', { isCounter: true, labels: new Set(['pod', 'le']) }],
  ['age_seconds', { isCounter: false, labels: new Set(['pod']) }],
])

const GOOD: readonly (readonly [expression: string, labels: readonly string[]])[] = [
  ['hits_total', ['pod', 'result']],
  ['sum(rate(hits_total[5m])) or vector(0)', []],
  ['sum by (pod) (rate(hits_total{result="bad"}[5m])) / sum by (pod) (rate(hits_total[5m])) > 0.05', ['pod']],
  ['hits_total > 0 unless hits_total offset 10m', ['pod', 'result']],
  ['histogram_quantile(0.9, sum by (pod, le) (rate(took_seconds_bucket[5m])))', ['pod']],
  ['(age_seconds > 0) - time() < 7 * 86400', ['pod']],
  ['max without (pod) (age_seconds)', []],
]

t.test('an expression that is right has no problems, and the labels that it leaves', async (t) => {
  for (const [expression, labels] of GOOD) {
    const checked = checkExpression(expression, known)
    t.strictSame(checked.problems, [], expression)
    t.strictSame([...checked.labels].sort(), labels, expression)
  }
})

const BAD: readonly (readonly [expression: string, problem: RegExp])[] = [
  ['sum(rate(hits_total[5m])', /syntax error at/],
  ['rate(hits_total[5m]) rate', /syntax error at/],
  ['misses_total', /no metric misses_total/],
  ['hits_total{pot="a"}', /hits_total has no label pot/],
  ['hits_total{result="ugly"}', /result is never ugly/],
  ['sum by (node) (hits_total)', /has no label node/],
  ['sum by (pod) (sum(hits_total))', /has no label pod/],
  ['histogram_quantile(0.9, sum by (pod) (rate(took_seconds_bucket[5m])))', /has no label le/],
  ['rate(age_seconds[5m])', /age_seconds is no counter/],
  ['sum by (pod) (hits_total) / sum(hits_total)', /the sides never match/],
  ['deriv(age_seconds[5m])', /deriv\(\) is not checked yet/],
  ['age_seconds * on (pod) age_seconds', /on \(pod\) is not checked yet/],
]

t.test('what is wrong with an expression is named', async (t) => {
  for (const [expression, problem] of BAD) {
    t.match(checkExpression(expression, known).problems, [problem], expression)
  }
})
