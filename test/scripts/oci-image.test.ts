import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { addImage, findArchitecture, writeIndex } from '../../scripts/oci/image-layout.ts'
import { addLayer, blobFolder } from '../../scripts/oci/layer.ts'
import { listSharedLibraries } from '../../scripts/oci/shared-libraries.ts'
import { readWebhookConfig } from '../../scripts/oci/webhook-image.ts'

const EPOCH = 1_700_000_000
const OPTIONS = { sourceDateEpoch: EPOCH, gzipLevel: 1 }

function digest(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

t.test('the same files give the same layer, whenever and in whatever order they were written', async (t) => {
  const folder = t.testdir({
    first: { b: 'two', a: 'one', c: t.fixture('symlink', 'a') },
    second: { a: 'one', b: 'two', c: t.fixture('symlink', 'a') },
    layout: {},
  })
  utimesSync(join(folder, 'second', 'a'), 1, 1)
  const layout = join(folder, 'layout')
  const first = await addLayer(layout, join(folder, 'first'), OPTIONS)
  t.strictSame(await addLayer(layout, join(folder, 'second'), OPTIONS), first)
  t.strictSame(readdirSync(blobFolder(layout)), [first.digest.slice(7)], 'and nothing half written stays')
  chmodSync(join(folder, 'second', 'a'), 0o700)
  t.not((await addLayer(layout, join(folder, 'second'), OPTIONS)).digest, first.digest, 'a mode counts')
})

t.test("a layer is named for its bytes, and its files are root's and of one time", async (t) => {
  const folder = t.testdir({ root: { bin: { program: '#!' } }, layout: {} })
  const layer = await addLayer(join(folder, 'layout'), join(folder, 'root'), OPTIONS)
  const bytes = readFileSync(join(blobFolder(join(folder, 'layout')), layer.digest.slice(7)))
  t.equal(digest(bytes), layer.digest)
  t.equal(bytes.length, layer.size)
  t.equal(digest(gunzipSync(bytes)), layer.diffId)
  const listing = execFileSync('tar', ['--list', '--verbose', '--gzip', '--utc'], {
    input: bytes,
    encoding: 'utf8',
  })
  for (const line of listing.trim().split('\n')) t.match(line, / (?:root\/root|0\/0) .* 2023-11-14 22:13 /)
  t.match(listing, / \.\/bin\/program$/m)
})

t.test('a layout leads from its index to configuration and layers', async (t) => {
  const folder = t.testdir({ root: { file: 'x' }, layout: {} })
  const layout = join(folder, 'layout')
  const layer = await addLayer(layout, join(folder, 'root'), OPTIONS)
  const config = { User: '65532:65532', Entrypoint: ['/file'] }
  const image = await addImage(layout, {
    layers: [layer],
    config,
    sourceDateEpoch: EPOCH,
    architecture: findArchitecture(),
  })
  await writeIndex(layout, { '1.2.3': image })
  const readBlob = (name: string) => {
    const bytes = readFileSync(join(blobFolder(layout), name.slice(7)))
    t.equal(digest(bytes), name)
    return JSON.parse(String(bytes))
  }
  t.strictSame(JSON.parse(readFileSync(join(layout, 'oci-layout'), 'utf8')), { imageLayoutVersion: '1.0.0' })
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'))
  t.match(index.manifests, [{ ...image, annotations: { 'org.opencontainers.image.ref.name': '1.2.3' } }])
  const manifest = readBlob(image.digest)
  t.strictSame(manifest.layers, [{ mediaType: layer.mediaType, digest: layer.digest, size: layer.size }])
  t.match(readBlob(manifest.config.digest), {
    created: '2023-11-14T22:13:20.000Z',
    os: 'linux',
    architecture: /^(?:amd64|arm64)$/,
    config,
    rootfs: { type: 'layers', diff_ids: [layer.diffId] },
  })
})

t.test('our image starts as the Dockerfile says', async (t) => {
  const config = readWebhookConfig({ VERSION: '1.2.3', REVISION: 'abc' })
  t.match(config, {
    User: '65532:65532',
    Entrypoint: ['node', /^--/, /^--/, '/app/pod-identity-webhook.mjs'],
    Cmd: ['serve'],
    ExposedPorts: { '8443/tcp': {}, '9999/tcp': {} },
    Labels: {
      'org.opencontainers.image.version': '1.2.3',
      'org.opencontainers.image.revision': 'abc',
      'org.opencontainers.image.licenses': 'Apache-2.0',
    },
  })
  t.ok(config.Env?.includes('NODE_ENV=production'))
})

t.test(
  'the libraries of a program are listed with their loader; what cannot be loaded is an error',
  async (t) => {
    const libraries = listSharedLibraries([process.execPath])
    t.ok(
      libraries.some((path) => /\/libc\.so\.6$/.test(path)),
      libraries.join(' '),
    )
    t.ok(libraries.some((path) => /\/ld-linux.*\.so/.test(path)))
    const folder = t.testdir()
    writeFileSync(join(folder, 'text'), 'no program', { mode: 0o755 })
    t.throws(() => listSharedLibraries([join(folder, 'text')]))
  },
)
