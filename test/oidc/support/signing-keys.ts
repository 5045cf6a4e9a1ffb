import { readFileSync } from 'node:fs'
import type { SigningKey } from '../../../src/oidc/documents/signing-key.ts'

const FOLDER = 'test/fixtures/oidc'

/** Keys with known answers, by the names of their files. */
export const VECTORS: Readonly<Record<string, SigningKey>> = JSON.parse(
  readFileSync(`${FOLDER}/vectors.json`, 'utf8'),
)

/** The path of a key's file. */
export function pathOf(name: string): string {
  return `${FOLDER}/${name}`
}

/** The known answer for a file. */
export function vectorOf(name: string): SigningKey {
  const key = VECTORS[name]
  if (key === undefined) throw new Error(`there is no vector for ${name}`)
  return key
}

export const RSA = vectorOf('rsa.pub')
export const OTHER_RSA = vectorOf('rsa-4096.pub')
export const EC = vectorOf('p256.pub')
