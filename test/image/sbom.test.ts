import { globSync, readFileSync } from 'node:fs'
import { build } from 'esbuild'
import t from 'tap'
import { writeSbom } from '../../scripts/sbom.ts'

interface Component {
  readonly 'bom-ref': string
  readonly type: string
  readonly name: string
  readonly version: string
  readonly purl: string
  readonly hashes: readonly { readonly alg: string; readonly content: string }[]
  readonly licenses: readonly object[]
}

interface Sbom {
  readonly [field: string]: unknown
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[]
  readonly metadata: { readonly component: Component; readonly timestamp?: string }
}

interface LockedPackage {
  readonly version: string
  readonly dev?: boolean
  readonly link?: boolean
}

const folder = t.testdir()
await writeSbom(`${folder}/sbom.json`)
const text = readFileSync(`${folder}/sbom.json`, 'utf8')
const sbom: Sbom = JSON.parse(text)
const listed = sbom.components.map(({ name, version }) => `${name}@${version}`)
const packages: Readonly<Record<string, LockedPackage>> = JSON.parse(
  readFileSync('package-lock.json', 'utf8'),
).packages
const nameOf = (path: string) => path.replace(/^.*node_modules\//, '')

t.test('it lists the production packages of package-lock.json, each once, and no others', async (t) => {
  const locked = Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path, { version }]) => `${nameOf(path)}@${version}`)
  t.strictSame(new Set(listed), new Set(locked))
  t.equal(new Set(listed).size, listed.length)
})

t.test('every package that a bundle is made of is in it', async (t) => {
  const { metafile } = await build({
    entryPoints: globSync('src/bin/*.ts'),
    outdir: folder,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
  const paths = Object.keys(metafile.inputs).flatMap(
    (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [],
  )
  const bundled = [...new Set(paths)].map((path) => `${nameOf(path)}@${packages[path]?.version}`)
  t.ok(bundled.length > 20, `${bundled.length} packages`)
  t.strictSame(
    bundled.filter((name) => !listed.includes(name)),
    [],
  )
})

t.test('it is CycloneDX: every component can be found, checked, and has a license', async (t) => {
  t.match(sbom, {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    serialNumber: /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
    metadata: { component: { name: 'pod-identity-webhook', type: 'application' } },
  })
  for (const component of sbom.components) {
    t.match(component, {
      type: 'library',
      purl: `pkg:npm/${component.name.replace('@', '%40')}@${component.version}`,
      hashes: [{ alg: 'SHA-512', content: /^[0-9a-f]{128}$/ }],
      licenses: [Object],
    })
  }
  const refs = new Set([...sbom.components, sbom.metadata.component].map((component) => component['bom-ref']))
  t.equal(refs.size, sbom.components.length + 1, 'references are unique')
  const named = sbom.dependencies.flatMap(({ ref, dependsOn = [] }) => [ref, ...dependsOn])
  t.strictSame(
    named.filter((ref) => !refs.has(ref)),
    [],
    'dependencies are among the components',
  )
})

t.test('the same packages give the same file, with the time of the sources where that is said', async (t) => {
  t.equal(sbom.metadata.timestamp, undefined)
  process.env['SOURCE_DATE_EPOCH'] = '1700000000'
  t.teardown(() => delete process.env['SOURCE_DATE_EPOCH'])
  await writeSbom(`${folder}/dated.json`)
  const dated = readFileSync(`${folder}/dated.json`, 'utf8')
  t.equal(dated.replace('"timestamp": "2023-11-14T22:13:20.000Z",\n    ', ''), text)
  t.not(dated, text)
})
