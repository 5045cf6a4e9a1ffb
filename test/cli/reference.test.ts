import t from 'tap'
import { findStalePages, renderPages } from '../../scripts/reference.ts'
import { METRICS } from '../../src/telemetry/metric-table.ts'
import { REASONS } from '../../src/webhook/identity/reasons.ts'
import { WARNINGS } from '../../src/webhook/identity/warnings.ts'

t.test('docs/reference is what the tables say', async (t) => {
  t.strictSame(await findStalePages(), [], 'run node scripts/reference.ts')
})

t.test('every metric, reason and warning has a row', async (t) => {
  const pages = renderPages()
  for (const { name } of Object.values(METRICS)) t.match(pages.get('metrics.md'), `\n| \`${name}\` |`)
  for (const name of Object.keys({ ...REASONS, ...WARNINGS }))
    t.match(pages.get('reasons.md'), `\n| \`${name}\` |`)
})
