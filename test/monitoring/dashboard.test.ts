import t from 'tap'
import { readDashboard } from './monitoring-sources.ts'

const { panels, templating, uid } = readDashboard()
const rows = panels.filter(({ type }) => type === 'row')
const graphs = panels.filter(({ type }) => type !== 'row')

t.test('the dashboard keeps its address, and its data source is chosen in it', async (t) => {
  t.equal(uid, 'pod-identity-webhook')
  t.match(templating.list, [{ name: 'datasource', type: 'datasource' }, { name: 'namespace' }])
})

t.test('every panel has an id, a title and a place of its own', async (t) => {
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length, 'ids')
  t.equal(new Set(panels.map(({ title }) => title)).size, panels.length, 'titles')
  const taken = new Map<string, string>()
  const collisions: string[] = []
  for (const { title, gridPos } of panels) {
    const { x, y, w, h } = gridPos
    t.ok(x >= 0 && x + w <= 24, `${title}: the grid has 24 columns`)
    for (let column = x; column < x + w; column++) {
      for (let line = y; line < y + h; line++) {
        const other = taken.get(`${column},${line}`)
        if (other !== undefined) collisions.push(`${title} lies on ${other}`)
        taken.set(`${column},${line}`, title)
      }
    }
  }
  t.strictSame(collisions, [])
})

t.test('every graph says what it shows, and asks the chosen data source', async (t) => {
  for (const { title, description = '', datasource, targets = [] } of graphs) {
    t.not(description, '', `${title}: description`)
    t.equal(datasource?.uid, `\${datasource}`, title)
    t.ok(targets.length > 0, `${title}: targets`)
    t.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, `${title}: refIds`)
  }
  t.ok(rows.every(({ targets }) => targets === undefined))
})
