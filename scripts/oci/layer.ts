import { spawn } from 'node:child_process'
import { createHash, type Hash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

/** Something in a layout, by what is in it (https://github.com/opencontainers/image-spec, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  /** Bytes. */
  readonly size: number
}

/** A layer in a layout. */
export interface Layer extends Descriptor {
  /** The digest of what is compressed in it. */
  readonly diffId: string
}

/** Where blobs of a layout are. */
export function blobFolder(layout: string): string {
  return join(layout, 'blobs', 'sha256')
}

/**
 * Puts the files of a folder into a layout as a layer. The same files give the same layer: all are root's, have the same time, and
 * come in the order of their names.
 */
export async function addLayer(
  layout: string,
  root: string,
  options: {
    /** Of all files, in seconds since 1970. */
    readonly sourceDateEpoch: number
    /** 1, quick, to 9, small. */
    readonly gzipLevel: number
  },
): Promise<Layer> {
  const { sourceDateEpoch, gzipLevel } = options
  const folder = blobFolder(layout)
  await mkdir(folder, { recursive: true })
  const order = ['--sort=name', '--format=gnu', '--numeric-owner', '--owner=0', '--group=0']
  const args = ['--create', ...order, `--mtime=@${sourceDateEpoch}`, `--directory=${root}`, '.']
  const tar = spawn('tar', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(tar, 'close')
  const plain = createHash('sha256')
  const packed = createHash('sha256')
  const partial = join(folder, `layer-${process.pid}.partial`)
  const counter = { size: 0 }
  await pipeline(
    tar.stdout,
    watch(plain),
    createGzip({ level: gzipLevel }),
    watch(packed, counter),
    createWriteStream(partial),
  )
  const [code] = await ended
  if (code !== 0) throw new Error(`tar of ${root} ended with ${code}`)
  const name = packed.digest('hex')
  await rename(partial, join(folder, name))
  return {
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: `sha256:${name}`,
    size: counter.size,
    diffId: `sha256:${plain.digest('hex')}`,
  }
}

function watch(hash: Hash, counter = { size: 0 }): Transform {
  return new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk)
      counter.size += chunk.length
      done(null, chunk)
    },
  })
}
