import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import t from 'tap'
import { stringify } from 'yaml'
import { ALERT_CASES, SILENT_CASES } from '../monitoring/alert-cases.ts'
import { HEALTHY_SERIES } from '../monitoring/alert-series.ts'
import { readAlerts, readRules } from '../monitoring/monitoring-sources.ts'
import { buildPromtool, hasGo } from '../monitoring/promtool.ts'

const skip = hasGo() ? false : 'Go, which builds promtool, is not installed'
const BUILD_TIMEOUT_MS = 1_200_000

t.setTimeout(BUILD_TIMEOUT_MS)

t.test('every alert has a case that it fires in', async (t) => {
  t.strictSame(
    [...new Set(ALERT_CASES.map(({ alert }) => alert))].sort(),
    readAlerts()
      .map(({ alert }) => alert)
      .sort(),
  )
})

t.test(
  'each alert fires when it should, not before, and with no other; none when all is well',
  { skip },
  async (t) => {
    const promtool = await buildPromtool((line) => t.comment(line))
    const folder = t.testdir({ 'rules.yaml': stringify(readRules()) })
    const run = (...args: readonly string[]) => {
      const { status, stdout, stderr } = spawnSync(promtool, args, { cwd: folder, encoding: 'utf8' })
      return { status, output: `${stdout}${stderr}` }
    }
    const check = run('check', 'rules', '--lint=all', '--lint-fatal', 'rules.yaml')
    t.equal(check.status, 0, check.output)

    const tests = [
      ...SILENT_CASES.map(({ name, series, at }) =>
        describeTest(
          name,
          series,
          at.map((time) => [time, []]),
        ),
      ),
      ...ALERT_CASES.map(({ alert, series, silentAt, firesAt, alongside = [] }) =>
        describeTest(alert, series, [
          [silentAt, alongside],
          [firesAt, [alert, ...alongside]],
        ]),
      ),
    ]
    for (const test of tests) {
      writeFileSync(
        `${folder}/test.yaml`,
        stringify({ rule_files: ['rules.yaml'], evaluation_interval: '1m', tests: [test] }),
      )
      const { status, output } = run('test', 'rules', 'test.yaml')
      t.equal(status, 0, `${test.name}: ${status === 0 ? 'as it should be' : output}`)
    }
  },
)

/** A test of promtool's: which alerts fire at which times, where some series are not as healthy ones are. */
function describeTest(
  name: string,
  series: Readonly<Record<string, string>>,
  firingAt: readonly (readonly [time: string, alerts: readonly string[]])[],
) {
  return {
    name,
    interval: '1m',
    input_series: Object.entries({ ...HEALTHY_SERIES, ...series }).map(([name, values]) => ({
      series: name,
      values,
    })),
    promql_expr_test: firingAt.map(([time, alerts]) => ({
      expr: 'group by (alertname) (ALERTS{alertstate="firing"})',
      eval_time: time,
      exp_samples: alerts.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 })),
    })),
  }
}
