import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { quoteText } from '../text/quoted-text.ts'

/** A file and its text. */
export interface ConfigFile {
  readonly path: string
  readonly text: string
}

/**
 * Reads a file, or the files of a folder that the kubelet would read: `*.json`, `*.yaml` and `*.yml`, not of folders in it, in
 * the order of their names. Rejects with a line that says which could not be read, or that there are none.
 */
export async function readConfigFiles(path: string): Promise<readonly ConfigFile[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [{ path, text: await readFile(path, 'utf8') }]
    const entries = await readdir(path, { withFileTypes: true })
    const names = entries
      .filter((entry) => !entry.isDirectory() && /\.(?:json|ya?ml)$/.test(entry.name))
      .map(({ name }) => name)
    const files = names.sort().map(async (name) => {
      const file = join(path, name)
      return { path: file, text: await readFile(file, 'utf8') }
    })
    if (files.length > 0) return await Promise.all(files)
  } catch (error) {
    const { code = 'it failed' } = error as NodeJS.ErrnoException
    throw new Error(`${quoteText(path)} cannot be read: ${code}`, { cause: error })
  }
  throw new Error(`the folder ${quoteText(path)} holds no *.json, *.yaml or *.yml file`)
}

/** Reads a file from a stream, under the name `-` by which commands take it. */
export async function readConfigStream(stream: AsyncIterable<string | Uint8Array>): Promise<ConfigFile> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of stream) {
    text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
  }
  return { path: '-', text: text + decoder.decode() }
}
