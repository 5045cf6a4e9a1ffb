import { copyFileSync, mkdirSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { CertificatePair } from './certificates.ts'

/**
 * A folder with tls.crt and tls.key as the kubelet mounts a Secret: both are links into `..data`, itself a link,
 * and one rename of that swaps both files at once.
 */
export class CertificateFolder {
  readonly pair: CertificatePair
  readonly #folder: string
  #generation = 0

  constructor(folder: string, first: CertificatePair) {
    this.#folder = folder
    this.pair = { certPath: join(folder, 'tls.crt'), keyPath: join(folder, 'tls.key') }
    mkdirSync(folder)
    this.swap(first)
    symlinkSync(join('..data', 'tls.crt'), this.pair.certPath)
    symlinkSync(join('..data', 'tls.key'), this.pair.keyPath)
  }

  /** Puts another pair in the place of the present one. */
  swap(next: CertificatePair): void {
    // Four generations in turn: nobody reads a folder that was swapped out three swaps ago.
    const name = `..generation_${this.#generation++ % 4}`
    mkdirSync(join(this.#folder, name), { recursive: true })
    copyFileSync(next.certPath, join(this.#folder, name, 'tls.crt'))
    copyFileSync(next.keyPath, join(this.#folder, name, 'tls.key'))
    symlinkSync(name, join(this.#folder, '..data_tmp'))
    renameSync(join(this.#folder, '..data_tmp'), join(this.#folder, '..data'))
  }
}
