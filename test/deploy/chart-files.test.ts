import { globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import t from 'tap'
import { isMap, isScalar, parse, parseDocument, type YAMLMap } from 'yaml'

const CHART_FOLDER = 'deploy/chart'

interface Schema {
  readonly type?: string
  readonly description?: string
  readonly additionalProperties?: boolean
  readonly properties?: Readonly<Record<string, Schema>>
  readonly [keyword: string]: unknown
}

const schema: Schema = JSON.parse(await readFile(`${CHART_FOLDER}/values.schema.json`, 'utf8'))
const values = parseDocument(await readFile(`${CHART_FOLDER}/values.yaml`, 'utf8'))

t.test('what kustomize has as a file, the chart has a copy of: `make chart` writes them', async (t) => {
  const copies = globSync(`${CHART_FOLDER}/files/*`)
  t.ok(copies.length >= 3)
  for (const copy of copies) {
    const [source = ''] = globSync(`deploy/{base,components/*}/${basename(copy)}`)
    t.equal(await readFile(copy, 'utf8'), await readFile(source, 'utf8'), `${copy} is ${source}`)
  }
})

t.test('the chart has the version of the program', async (t) => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8'))
  t.match(parse(await readFile(`${CHART_FOLDER}/Chart.yaml`, 'utf8')), { version, appVersion: version })
})

t.test('every value is in the schema, with its comment as the description', async (t) => {
  t.ok(isMap(values.contents))
  if (isMap(values.contents)) checkValues(values.contents, schema, [])

  function checkValues(
    map: YAMLMap,
    { properties = {}, additionalProperties }: Schema,
    path: readonly string[],
  ) {
    t.equal(additionalProperties, false, `${path.join('.') || 'values'}: nothing unknown is taken`)
    map.items.forEach(({ key, value }, index) => {
      if (!isScalar(key)) throw new Error('a key of values.yaml is no text')
      const name = [...path, String(key.value)]
      // A parser gives the comment before a map's first key to the map, or to the document.
      const comment =
        key.commentBefore ?? (index === 0 ? (map.commentBefore ?? values.commentBefore) : undefined)
      const property = properties[String(key.value)]
      t.ok(comment, `${name.join('.')} has a comment`)
      t.equal(property?.description, comment?.trim().replace(/\s*\n\s*/g, ' '), name.join('.'))
      t.ok(property?.type ?? property?.['allOf'] ?? property?.['oneOf'], `${name.join('.')} has a type`)
      if (isMap(value) && property?.properties) checkValues(value, property, name)
    })
  }
})

t.test('everything in the schema is in values.yaml', async (t) => {
  checkSchema(schema, values.toJS(), [])

  function checkSchema({ properties = {} }: Schema, known: Record<string, unknown>, path: readonly string[]) {
    for (const [name, property] of Object.entries(properties)) {
      // Helm's own, for charts that depend on this one.
      if (path.length === 0 && name === 'global') continue
      t.ok(name in known, [...path, name].join('.'))
      if (property.properties) checkSchema(property, known[name] as Record<string, unknown>, [...path, name])
    }
  }
})

t.test('templates ask neither the cluster nor chance: what is rendered is always the same', async (t) => {
  for (const path of globSync(`${CHART_FOLDER}/templates/*`)) {
    t.notMatch(await readFile(path, 'utf8'), /\b(lookup|rand\w+|uuidv4|now|gen[A-Z]\w+|htpasswd)\b /, path)
  }
})

t.test('the guide names every group of values', async (t) => {
  const guide = await readFile('docs/helm.md', 'utf8')
  for (const name of Object.keys(values.toJS())) t.match(guide, `\`${name}`, name)
})
