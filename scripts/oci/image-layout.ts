import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { blobFolder, type Descriptor, type Layer } from './layer.ts'

/** How an image starts, and what is said of it (https://github.com/opencontainers/image-spec, config.md). */
export interface ImageConfig {
  readonly User?: string
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  /** `NAME=value`. */
  readonly Env?: readonly string[]
  readonly WorkingDir?: string
  readonly ExposedPorts?: Readonly<Record<string, object>>
  readonly Labels?: Readonly<Record<string, string>>
}

/** What an image of one platform is made of. */
export interface ImageParts {
  readonly layers: readonly Layer[]
  readonly config: ImageConfig
  readonly sourceDateEpoch: number
  /** Go's name of it: `amd64`, `arm64`. */
  readonly architecture: string
}

const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json'
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json'
const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json'

/** Go's name of the architecture that this Node runs on. */
export function findArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch
}

/** Adds configuration and manifest of an image, whose layers a layout has; gives the manifest's descriptor. */
export async function addImage(layout: string, parts: ImageParts): Promise<Descriptor> {
  const { layers, config, sourceDateEpoch, architecture } = parts
  const configDescriptor = await addDocument(layout, CONFIG_TYPE, {
    created: new Date(sourceDateEpoch * 1000).toISOString(),
    architecture,
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  })
  return addDocument(layout, MANIFEST_TYPE, {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: configDescriptor,
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  })
}

/** Writes what names the images of a layout, each by a tag. */
export async function writeIndex(
  layout: string,
  images: Readonly<Record<string, Descriptor>>,
): Promise<void> {
  await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  const manifests = Object.entries(images).map(([tag, descriptor]) => ({
    ...descriptor,
    annotations: { 'org.opencontainers.image.ref.name': tag },
  }))
  const index = { schemaVersion: 2, mediaType: INDEX_TYPE, manifests }
  await writeFile(join(layout, 'index.json'), JSON.stringify(index))
}

async function addDocument(layout: string, mediaType: string, document: object): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(document))
  const name = createHash('sha256').update(bytes).digest('hex')
  await mkdir(blobFolder(layout), { recursive: true })
  await writeFile(join(blobFolder(layout), name), bytes)
  return { mediaType, digest: `sha256:${name}`, size: bytes.length }
}
