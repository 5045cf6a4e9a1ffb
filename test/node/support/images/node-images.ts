import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { layOutImage } from '../../../../scripts/image-files.ts'
import {
  addImage,
  findArchitecture,
  type ImageConfig,
  writeIndex,
} from '../../../../scripts/oci/image-layout.ts'
import { addLayer, type Layer } from '../../../../scripts/oci/layer.ts'
import { layOutNode } from '../../../../scripts/oci/node-root.ts'
import { IMAGE_PATH, readWebhookConfig } from '../../../../scripts/oci/webhook-image.ts'
import { layOutPython, PYTHON_HOME } from './python-root.ts'

const run = promisify(execFile)

/** The images that a node of the suite finds in its registry, by what they are for. */
export const NODE_IMAGES = ['pause', 'webhook', 'app', 'python'] as const

export type NodeImage = (typeof NODE_IMAGES)[number]

/** Repository and tag of each. */
export const IMAGE_NAMES: Readonly<Record<NodeImage, string>> = {
  /** Does nothing until it is told to end. */
  pause: 'pause:1',
  /** Ours. */
  webhook: 'pod-identity-webhook:1.0.0',
  /** Node with the AWS SDK: app/aws-app.ts. */
  app: 'app:1',
  /** boto3, and the AWS CLI as `python3 -m awscli`. */
  python: 'python:1',
}

/** Of all files in images. */
const SOURCE_DATE_EPOCH = 1_700_000_000

/** Makes the images in a layout each, and pushes them to a registry. */
export async function pushNodeImages(options: {
  readonly folder: string
  /** Of the registry. */
  readonly host: string
  readonly pausePath: string
  /** Of a Python environment with boto3 and the AWS CLI. */
  readonly pythonBinFolder: string
}): Promise<void> {
  const { folder, host, pausePath, pythonBinFolder } = options
  const layout = join(folder, 'layout')
  const addRoot = async (layOut: (root: string) => unknown): Promise<Layer> => {
    const root = await mkdtemp(join(folder, 'root-'))
    await layOut(root)
    return addLayer(layout, root, { sourceDateEpoch: SOURCE_DATE_EPOCH, gzipLevel: 1 })
  }
  const push = async (image: NodeImage, layers: readonly Layer[], config: ImageConfig) => {
    const descriptor = await addImage(layout, {
      layers,
      config,
      sourceDateEpoch: SOURCE_DATE_EPOCH,
      architecture: findArchitecture(),
    })
    return [image, descriptor] as const
  }
  await mkdir(layout, { recursive: true })
  const nodeLayer = await addRoot(layOutNode)
  const images = [
    await push('pause', [await addRoot((root) => cp(pausePath, join(root, 'pause')))], {
      User: '65535:65535',
      Entrypoint: ['/pause'],
    }),
    await push(
      'webhook',
      [nodeLayer, await addRoot(layOutImage)],
      readWebhookConfig({ VERSION: '1.0.0', REVISION: 'unknown' }),
    ),
    await push('app', [nodeLayer, await addRoot(layOutApp)], {
      User: '65532:65532',
      Env: [IMAGE_PATH],
      Entrypoint: ['node', '/app/aws-app.mjs'],
    }),
    await push('python', [await addRoot((root) => layOutPython(root, pythonBinFolder))], {
      User: '65532:65532',
      Env: [IMAGE_PATH, `PYTHONHOME=${PYTHON_HOME}`, 'HOME=/tmp', 'PYTHONDONTWRITEBYTECODE=1'],
      Entrypoint: ['python3'],
    }),
  ]
  await writeIndex(layout, Object.fromEntries(images))
  for (const image of NODE_IMAGES) {
    const names = [`oci:${layout}:${image}`, `docker://${host}/${IMAGE_NAMES[image]}`]
    await run('skopeo', ['copy', '--quiet', '--insecure-policy', '--dest-tls-verify=false', ...names])
  }
}

async function layOutApp(root: string): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, 'app/aws-app.ts')],
    outfile: join(root, 'app/aws-app.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
    },
  })
}
