/** Writes the list of the packages that the bundles are made of: `node scripts/sbom.ts [FILE]`. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { readProductionPackages } from './locked-packages.ts'

/** A software bill of materials, as far as it is changed here: https://cyclonedx.org/docs/1.5/json/. */
interface Sbom {
  readonly metadata: { readonly timestamp?: string; readonly component: Component }
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

interface Component {
  readonly 'bom-ref': string
  readonly name: string
  readonly version: string
  readonly properties: readonly { readonly name: string }[]
}

/**
 * Without `--omit=dev`: npm 11 leaves out packages then that production needs too, 34 of them: those of @types/node, which
 * is a dependency of @kubernetes/client-node and a development dependency of ours.
 */
const NPM_ARGS = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only']

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

/**
 * Writes the production packages of package-lock.json as CycloneDX. The same packages give the same file: its serial
 * number is made of them, and its time is `SOURCE_DATE_EPOCH` (seconds since 1970) or left out.
 */
export async function writeSbom(path: string): Promise<void> {
  const { stdout } = await promisify(execFile)('npm', NPM_ARGS, { maxBuffer: MAX_OUTPUT_BYTES })
  const sbom = leaveOutDevelopment(JSON.parse(stdout), await nameProductionPackages())
  const { timestamp: _, ...metadata } = sbom.metadata
  const timestamp = readSourceDate(process.env['SOURCE_DATE_EPOCH'])
  const { name } = JSON.parse(await readFile('package.json', 'utf8'))
  const content = {
    ...sbom,
    serialNumber: createSerialNumber(sbom.components),
    metadata: {
      ...(timestamp && { timestamp }),
      ...metadata,
      // npm takes the folder's name for the package's, and a package for a library.
      component: { ...metadata.component, name, type: 'application' },
    },
  }
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, `${JSON.stringify(content, undefined, 2)}\n`)
}

/** `name@version` of all packages that are not for development alone. */
async function nameProductionPackages(): Promise<ReadonlySet<string>> {
  return new Set((await readProductionPackages()).map(({ name, version }) => `${name}@${version}`))
}

function leaveOutDevelopment(sbom: Sbom, production: ReadonlySet<string>): Sbom {
  const components = sbom.components.filter(({ name, version }) => production.has(`${name}@${version}`))
  const root = sbom.metadata.component['bom-ref']
  const refs = new Set([root, ...components.map((component) => component['bom-ref'])])
  return {
    ...sbom,
    components: components.map((component) => ({
      ...component,
      // Of a package that is installed twice, npm may have looked at the one that is for development.
      properties: component.properties.filter(({ name }) => name !== 'cdx:npm:package:development'),
    })),
    dependencies: sbom.dependencies
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn }) => ({
        ref,
        dependsOn: dependsOn.filter((dependency) => refs.has(dependency)),
      })),
  }
}

function readSourceDate(seconds: string | undefined): string | undefined {
  return seconds ? new Date(Number(seconds) * 1000).toISOString() : undefined
}

/** A UUID of version 8, whose bits are its maker's own (RFC 9562, section 5.8). */
function createSerialNumber(components: readonly object[]): string {
  const digest = createHash('sha256').update(JSON.stringify(components)).digest('hex')
  const parts = [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `8${digest.slice(17, 20)}`,
  ]
  return `urn:uuid:${[...parts, digest.slice(20, 32)].join('-')}`
}

if (import.meta.main) await writeSbom(process.argv[2] ?? 'dist/sbom.cdx.json')
