import { createPublicKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { removeDuplicates, type SigningKey, toSigningKey } from './signing-key.ts'

const BLOCK = /-----BEGIN (?<label>[A-Z0-9 ]+)-----[\s\S]*?-----END \k<label>-----/g

/** Reads the public keys of PEM files: public keys, PKCS#1 ones, and certificates, several in a file too. Rejects with an Error of one line. */
export async function readKeyFiles(paths: readonly string[]): Promise<readonly SigningKey[]> {
  const files = await Promise.all(paths.map(readKeyFile))
  return removeDuplicates(files.flat())
}

async function readKeyFile(path: string): Promise<readonly SigningKey[]> {
  const text = await readFile(path, 'latin1').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read the key file ${path} (${error.code ?? 'unknown error'})`, { cause: error })
  })
  try {
    return parseKeyFile(text)
  } catch (error) {
    throw new Error(`key file ${path}: ${(error as Error).message}`, { cause: error })
  }
}

/** Throws an Error that does not name the file. */
export function parseKeyFile(text: string): readonly SigningKey[] {
  const blocks = [...text.matchAll(BLOCK)]
  // Before all else: what follows must not be read as if nothing had happened.
  if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text)) {
    throw new Error(
      'it holds a private key, which must never be published; give the public one: openssl pkey -in FILE -pubout',
    )
  }
  if (blocks.length === 0)
    throw new Error('it holds no key; give a public key or a certificate in PEM (-----BEGIN PUBLIC KEY-----)')
  if (blocks.length < text.split('-----BEGIN ').length - 1) throw new Error('a key in it is cut off')
  return blocks.map(([pem, label = '']) => readBlock(pem, label))
}

function readBlock(pem: string, label: string): SigningKey {
  switch (label) {
    case 'PUBLIC KEY':
    case 'RSA PUBLIC KEY':
      return toSigningKey(parse(label, () => createPublicKey(pem)))
    case 'CERTIFICATE':
      return toSigningKey(parse(label, () => new X509Certificate(pem).publicKey))
    default:
      throw new Error(`${label} is not supported; give a public key or a certificate in PEM`)
  }
}

function parse<Result>(label: string, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    throw new Error(`the ${label} in it cannot be read`, { cause: error })
  }
}
