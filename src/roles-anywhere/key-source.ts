import { readFileSync } from 'node:fs'
import { type CredentialFile, parseCredentialFile } from './credential-file.ts'
import { RolesAnywhereError } from './roles-anywhere-error.ts'

/** Where certificate and key are. */
export interface KeySource {
  readonly certificatePath: string
  /** The certificate's file where absent, as in the kubelet's kubelet-client-current.pem. */
  readonly privateKeyPath: string | undefined
  readonly intermediatesPath: string | undefined
  readonly keyPassword: KeyPassword | undefined
}

/** The password of an encrypted key. */
export type KeyPassword = { readonly text: string } | { readonly path: string }

/** Reads the password; `undefined` where there is none. A line end after it is no part of it. */
export function readKeyPassword(password: KeyPassword | undefined): string | undefined {
  if (password === undefined || 'text' in password) return password?.text
  const bytes = readBytes(password.path, 'the password file')
  return bytes.toString('utf8').replace(/\r?\n$/, '')
}

/** Reads a file of certificates and keys. Throws a RolesAnywhereError where it cannot be read; `what` begins it. */
export function readCredentialFile(path: string, what: string): CredentialFile {
  if (path.startsWith('pkcs11:')) throw notBuilt(what, 'a PKCS#11 URI')
  if (path.startsWith('handle:')) throw notBuilt(what, 'the handle of a TPM key')
  return parseCredentialFile(readBytes(path, what))
}

function notBuilt(what: string, kind: string): RolesAnywhereError {
  return new RolesAnywhereError(`${what} is ${kind}, which is not built; name a file`)
}

const FILE_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read by this user',
  EISDIR: 'it is a folder',
}

/** At once: these are some kilobytes, 0.1 ms, and a first asynchronous read takes 2 to 5 ms to start its threads. */
function readBytes(path: string, what: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    throw new RolesAnywhereError(`cannot read ${what} ${path}: ${FILE_PROBLEMS[code] ?? code}`, {
      cause: error,
    })
  }
}
