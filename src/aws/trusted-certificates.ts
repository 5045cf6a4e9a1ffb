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

/** Node has a code of its own for each way in which a certificate has no known authority. */
const UNTRUSTED = /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+)$/

/** Whether a network error's code says that the other side's certificate has no authority that is trusted. */
export function isUntrustedCertificate(code: string): boolean {
  return UNTRUSTED.test(code)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    throw new Error(`AWS_CA_BUNDLE: cannot read ${path} (${code})`, { cause: error })
  }
}
