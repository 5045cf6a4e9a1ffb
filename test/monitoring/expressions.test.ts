import t from 'tap'
import { listKnownMetrics } from './known-metrics.ts'
import { fillVariables, readAlerts, readDashboard } from './monitoring-sources.ts'
import { checkExpression } from './promql-check.ts'

const known = listKnownMetrics()

t.test('alerts ask for metrics and labels that exist, and speak of labels that they have', async (t) => {
  for (const { alert, expr, annotations } of readAlerts()) {
    const { labels, problems } = checkExpression(expr, known)
    t.strictSame(problems, [], alert)
    const named = Object.values(annotations).flatMap((text) => text.match(/(?<=\$labels\.)\w+/g) ?? [])
    t.strictSame(
      named.filter((label) => !labels.has(label)),
      [],
      `${alert}: its texts`,
    )
  }
})

t.test(
  'panels ask for metrics and labels that exist, and their legends name labels that they have',
  async (t) => {
    for (const { title, targets = [] } of readDashboard().panels) {
      for (const { expr, legendFormat = '' } of targets) {
        const { labels, problems } = checkExpression(fillVariables(expr), known)
        t.strictSame(problems, [], `${title}: ${expr}`)
        const named = [...legendFormat.matchAll(/\{\{(.*?)\}\}/g)].map(([, label = '']) => label)
        t.strictSame(
          named.filter((label) => !labels.has(label)),
          [],
          `${title}: ${legendFormat}`,
        )
      }
    }
  },
)

t.test('every metric of ours that is not kept for old dashboards is on the dashboard', async (t) => {
  const queries = readDashboard()
    .panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
    .join('\n')
  const shown = new Set(queries.match(/\b(?:pod_identity_webhook|ecr_pull_secrets)\w*/g))
  const missing = [...known.keys()]
    .filter(
      (name) => /^(?:pod_identity_webhook_|ecr_pull_secrets)/.test(name) && !/_(?:sum|count)$/.test(name),
    )
    .filter((name) => !shown.has(name))
  t.strictSame(missing, [])
})
