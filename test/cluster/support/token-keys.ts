import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The keys of ServiceAccount tokens, as files that an API server reads when it starts. */
export interface TokenKeys {
  readonly signingKeyPath: string
  /** Public keys, the newest first. */
  readonly verificationKeysPath: string
  /** Makes another key that tokens may be signed with. */
  add(): Promise<void>
  signWithNewest(): Promise<void>
  /** Leaves the newest key alone. */
  forgetOld(): Promise<void>
}

/** Makes the first key, which signs. */
export async function createTokenKeys(folder: string): Promise<TokenKeys> {
  const signingKeyPath = join(folder, 'tokens.key')
  const verificationKeysPath = join(folder, 'tokens.pub')
  let newestPem = ''
  let publicPems: readonly string[] = []
  const writePublicKeys = (pems: readonly string[]) => {
    publicPems = pems
    return writeFile(verificationKeysPath, pems.join(''))
  }
  const keys: TokenKeys = {
    signingKeyPath,
    verificationKeysPath,
    async add() {
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      newestPem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
      await writePublicKeys([String(publicKey.export({ type: 'spki', format: 'pem' })), ...publicPems])
    },
    signWithNewest: () => writeFile(signingKeyPath, newestPem, { mode: 0o600 }),
    forgetOld: () => writePublicKeys(publicPems.slice(0, 1)),
  }
  await keys.add()
  await keys.signWithNewest()
  return keys
}
