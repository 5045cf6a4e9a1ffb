import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { RolesAnywhereError } from '../roles-anywhere-error.ts'

const TOKEN_BYTES = 32

/**
 * Reads the token that callers must show; makes the file, readable by its owner alone, where there is none.
 *
 * Rejects with a RolesAnywhereError where the file is of no use: SDKs send it as it is, and botocore refuses line ends.
 */
export async function provideAuthorizationToken(path: string): Promise<string> {
  try {
    const token = randomBytes(TOKEN_BYTES).toString('hex')
    await writeFile(path, token, { mode: 0o600, flag: 'wx' })
    return token
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST') throw describeProblem(path, `cannot be made (${code})`)
    return await readToken(path)
  }
}

async function readToken(path: string): Promise<string> {
  const token = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw describeProblem(path, `cannot be read (${error.code})`)
  })
  if (/^[\x21-\x7e]+$/.test(token)) return token
  if (token === '') throw describeProblem(path, 'is empty; remove it, and a token is made')
  throw describeProblem(
    path,
    'holds a line end or other characters that no header can; write the token alone',
  )
}

function describeProblem(path: string, problem: string): RolesAnywhereError {
  return new RolesAnywhereError(`the authorization token file ${path} ${problem}`)
}

/** Whether a caller's header is the token; takes the same time whatever it is, as digests are compared. */
export function isAuthorized(header: string | string[] | undefined, token: string): boolean {
  if (typeof header !== 'string') return false
  return timingSafeEqual(hash('sha256', header, 'buffer'), hash('sha256', token, 'buffer'))
}
