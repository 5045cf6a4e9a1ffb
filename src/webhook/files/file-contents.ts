import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** What a path held when it was read. */
export type FileContents =
  | { readonly path: string; readonly state: 'read'; readonly bytes: Buffer }
  | { readonly path: string; readonly state: 'absent' }
  | {
      readonly path: string
      readonly state: 'unreadable'
      /** A line that names no secret: the system's error code. */
      readonly cause: string
    }

/**
 * Reads files, and of each folder the files whose names end in one of `suffixes`, in byte order and not those of
 * folders in it. Never rejects.
 */
export async function readFiles(
  paths: readonly string[],
  suffixes: readonly string[] = [],
): Promise<readonly FileContents[]> {
  return (await Promise.all(paths.map((path) => readPath(path, suffixes)))).flat()
}

async function readPath(path: string, suffixes: readonly string[]): Promise<readonly FileContents[]> {
  try {
    if (suffixes.length === 0 || !(await stat(path)).isDirectory()) return [await readOne(path)]
    const names = (await readdir(path))
      .filter((name) => suffixes.some((suffix) => name.endsWith(suffix)))
      .sort()
    const contents = await Promise.all(names.map((name) => readOne(join(path, name))))
    // Left out: a folder named like a file, and a file removed since the folder was listed.
    return contents.filter((file) => file.state !== 'absent' && !isFolder(file))
  } catch (error) {
    return [describeFailure(path, error)]
  }
}

async function readOne(path: string): Promise<FileContents> {
  try {
    return { path, state: 'read', bytes: await readFile(path) }
  } catch (error) {
    return describeFailure(path, error)
  }
}

const IS_A_FOLDER = 'it is a folder'

function isFolder(file: FileContents): boolean {
  return file.state === 'unreadable' && file.cause === IS_A_FOLDER
}

function describeFailure(path: string, error: unknown): FileContents {
  const code = String((error as NodeJS.ErrnoException).code)
  if (code === 'ENOENT' || code === 'ENOTDIR') return { path, state: 'absent' }
  return { path, state: 'unreadable', cause: code === 'EISDIR' ? IS_A_FOLDER : `it cannot be read (${code})` }
}
