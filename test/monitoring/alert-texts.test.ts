import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { readAlerts } from './monitoring-sources.ts'

const alerts = readAlerts()

t.test('every alert says how bad it is, what happens, what to do, and where to read on', async (t) => {
  for (const { alert, labels, annotations } of alerts) {
    t.match(labels.severity, /^(?:warning|critical)$/, alert)
    t.match(annotations.summary, /\.$/, `${alert}: summary`)
    t.ok(annotations.description.length > 80, `${alert}: description`)
    const [page = '', anchor] = annotations.runbook.split('#')
    const headings = readFileSync(page, 'utf8').matchAll(/^#+ (.*)$/gm)
    const anchors = [...headings].map(([, heading = '']) => heading.toLowerCase().replaceAll(' ', '-'))
    t.ok(anchors.includes(anchor ?? ''), `${alert}: ${annotations.runbook} is there`)
  }
})

t.test(
  'docs/monitoring.md has a row for every alert, in the order of the rules, and for no other',
  async (t) => {
    const page = readFileSync('docs/monitoring.md', 'utf8')
    const rows = [...page.matchAll(/^\| `(PodIdentityWebhook\w+)` \| (\w+) \|/gm)]
    t.strictSame(
      rows.map(([, alert, severity]) => `${alert} ${severity}`),
      alerts.map(({ alert, labels }) => `${alert} ${labels.severity}`),
    )
  },
)

t.test('alerts about API servers are about all of our webhooks, and nobody else’s', async (t) => {
  const sources = [
    'deploy/base/mutating-webhook-configuration.yaml',
    'deploy/components/required/required-pods.patch.yaml',
  ]
  const names = sources.flatMap((source) =>
    parseAllDocuments(readFileSync(source, 'utf8'), { merge: true }).flatMap((document) =>
      listWebhookNames(document.toJS()),
    ),
  )
  t.equal(names.length, 3, names.join(', '))
  const matchers = alerts.flatMap(({ expr }) => [...expr.matchAll(/\{name=~"([^"]*)"\}/g)])
  t.ok(matchers.length > 0)
  for (const [, matcher] of matchers) {
    const pattern = new RegExp(`^(?:${matcher})$`)
    for (const name of names) t.match(name, pattern)
    t.notMatch('pod-identity-webhook.amazonaws.com.example.com', pattern)
    t.notMatch('other-pod-identity-webhook.amazonaws.com', pattern)
  }
})

/** Names of the entries of a webhook configuration, or of those that a patch adds. */
function listWebhookNames(source: {
  readonly webhooks?: readonly { readonly name: string }[]
  readonly map?: unknown
}): readonly string[] {
  if (source.webhooks !== undefined) return source.webhooks.map(({ name }) => name)
  if (!Array.isArray(source)) return []
  return source.filter(({ path }) => path === '/webhooks/-').map(({ value }) => value.name)
}
