import { chmodSync, copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { copyIntoRoot, listSharedLibraries } from './shared-libraries.ts'

/** Where images have programs that are not of the system, as Node's own images do; on the default PATH. */
const PROGRAM_FOLDER = 'usr/local/bin'

/** Lays out the least that Node runs on: this Node, the libraries that it loads, and a folder for temporary files. */
export function layOutNode(root: string): void {
  mkdirSync(join(root, PROGRAM_FOLDER), { recursive: true })
  copyFileSync(process.execPath, join(root, PROGRAM_FOLDER, 'node'))
  copyIntoRoot(root, listSharedLibraries([process.execPath]))
  addTemporaryFolder(root)
}

/** Adds `/tmp`, in which everybody may write. */
export function addTemporaryFolder(root: string): void {
  mkdirSync(join(root, 'tmp'))
  chmodSync(join(root, 'tmp'), 0o1777)
}
