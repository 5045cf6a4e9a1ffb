import { mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { IssuedPair } from '../../../src/webhook/certificates/certificate-authority.ts'

/** A serving certificate as the kubelet mounts it from a Secret. */
export interface MountedCertificate {
  readonly certificatePath: string
  readonly privateKeyPath: string
  /** Replaces both files at once. */
  replace(pair: IssuedPair): Promise<void>
}

/** Mounts a certificate in a folder: links to files in a folder of one version, which itself is a link that is replaced. */
export async function mountCertificate(folder: string, pair: IssuedPair): Promise<MountedCertificate> {
  let version = 0
  const replace = async ({ certificatePem, privateKeyPem }: IssuedPair) => {
    const name = `..version-${version++}`
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'tls.crt'), certificatePem)
    await writeFile(join(folder, name, 'tls.key'), privateKeyPem, { mode: 0o600 })
    await symlink(name, join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
  }
  await replace(pair)
  for (const file of ['tls.crt', 'tls.key']) await symlink(join('..data', file), join(folder, file))
  return { certificatePath: join(folder, 'tls.crt'), privateKeyPath: join(folder, 'tls.key'), replace }
}
