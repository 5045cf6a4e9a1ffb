import {
  type FileHandle,
  mkdir,
  open,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { RolesAnywhereError } from '../roles-anywhere-error.ts'

/** A credentials file is some kilobytes: whoever has not replaced it after this long was killed. */
const ABANDONED_AFTER_MS = 10_000
const LOCK_PAUSE_MS = 50
const MAX_LOCK_WAITS = 300

const NEW_FILE_MODE = 0o600
const NEW_FOLDER_MODE = 0o700

/**
 * Replaces a file's content by what `edit` makes of it, or of nothing where there is no file. At any moment the file is
 * the old one or the new one.
 *
 * Symbolic links are followed; mode and owner are kept. A file beside it, `.new` at its end, is what will replace it
 * and keeps others from doing so at the same time. Content is latin1, one character a byte, so that any bytes survive.
 * Where the file is mounted by itself, or its folder may not be written, it is written in place, as the helper does.
 * Rejects with a RolesAnywhereError.
 */
export async function replaceFile(
  path: string,
  edit: (content: string) => string,
): Promise<'replaced' | 'in-place'> {
  try {
    const target = await followLinks(path)
    await mkdir(dirname(target), { recursive: true, mode: NEW_FOLDER_MODE })
    try {
      await replaceTarget(target, edit)
      return 'replaced'
    } catch (error) {
      if (!isReplacingForbidden(error)) throw error
      await writeInPlace(target, edit, error)
      return 'in-place'
    }
  } catch (error) {
    if (error instanceof RolesAnywhereError) throw error
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    throw new RolesAnywhereError(
      `cannot write ${path} (${code}); check that this user may write it and its folder`,
      {
        cause: error,
      },
    )
  }
}

/** A file that is a mount point cannot be renamed over (EBUSY), one on a mount of its own not from beside it (EXDEV). */
function isReplacingForbidden(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException
  return ['EBUSY', 'EXDEV', 'EACCES', 'EPERM', 'EROFS'].includes(code)
}

/** The file, its mode and its owner stay; `cause` is thrown where there is none. */
async function writeInPlace(
  target: string,
  edit: (content: string) => string,
  cause: unknown,
): Promise<void> {
  const handle = await open(target, 'r+').catch(() => {
    throw cause
  })
  try {
    const content = Buffer.from(edit(await handle.readFile('latin1')), 'latin1')
    await handle.write(content, 0, content.length, 0)
    await handle.truncate(content.length)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function replaceTarget(target: string, edit: (content: string) => string): Promise<void> {
  const temporary = `${target}.new`
  const handle = await lock(temporary)
  try {
    const before = await stat(target).catch(ignoreMissing)
    const content = before === undefined ? '' : await readFile(target, 'latin1')
    if (before !== undefined) {
      const made = await handle.stat()
      if (made.uid !== before.uid || made.gid !== before.gid) await handle.chown(before.uid, before.gid)
      await handle.chmod(before.mode & 0o7777)
    }
    await handle.writeFile(edit(content), 'latin1')
    await handle.sync()
    await handle.close()
    await rename(temporary, target)
  } catch (error) {
    await handle.close()
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(dirname(target))
}

async function lock(temporary: string): Promise<FileHandle> {
  for (let waits = 0; waits < MAX_LOCK_WAITS; waits++) {
    const handle = await open(temporary, 'wx', NEW_FILE_MODE).catch(ignoreExisting)
    if (handle !== undefined) return handle
    const other = await stat(temporary).catch(ignoreMissing)
    if (other !== undefined && Date.now() - other.mtimeMs > ABANDONED_AFTER_MS)
      await rm(temporary, { force: true })
    else await new Promise((resolvePause) => setTimeout(resolvePause, LOCK_PAUSE_MS))
  }
  throw new RolesAnywhereError(`another process holds ${temporary}; remove it if none does`)
}

/** As realpath, but of a link whose end does not exist yet too. */
async function followLinks(path: string): Promise<string> {
  const real = await realpath(path).catch(ignoreMissing)
  if (real !== undefined) return real
  const link = await readlink(path).catch(() => undefined)
  return link === undefined ? resolve(path) : followLinks(resolve(dirname(path), link))
}

/** So that the new name survives a power cut; not every file system can. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r').catch(() => undefined)
  await handle?.sync().catch(() => {})
  await handle?.close()
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

function ignoreExisting(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'EEXIST') throw error
}
