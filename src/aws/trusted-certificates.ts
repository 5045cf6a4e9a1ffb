import { readFileSync } from 'node:fs'
import type { Environment } from './endpoint.ts'

/**
 * Reads the certificate authorities that `AWS_CA_BUNDLE` names, which stand in for Node's own; `undefined` where it is
 * not set. Throws an Error of one line where the file cannot be read or holds no certificate.
 */
export function readCaBundle(env: Environment): string | undefined {
  const path = env['AWS_CA_BUNDLE']
  if (!path) return undefined
  const pem = readText(path)
  if (pem.includes('-----BEGIN ')) return pem
  throw new Error(`AWS_CA_BUNDLE: ${path} holds no certificate in PEM`)
}

/** Node's own authorities and the system's (`SSL_CERT_FILE`, `SSL_CERT_DIR`); undefined where the system has none. */
export function readSystemAuthorities(): readonly string[] | undefined {
  const { getCACertificates } = process.getBuiltinModule('node:tls')
  const ofSystem = getCACertificates('system')
  return ofSystem.length === 0 ? undefined : [...getCACertificates('default'), ...ofSystem]
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    throw new Error(`AWS_CA_BUNDLE: cannot read ${path} (${code})`, { cause: error })
  }
}
