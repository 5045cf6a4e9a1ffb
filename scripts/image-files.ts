/** Lays out what the image adds to its base: `node scripts/image-files.ts FOLDER`, after `npm run build`. */
import { cp, glob, mkdir, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { writeNotices } from './notices.ts'
import { writeSbom } from './sbom.ts'

/** The webhook, the folder of what it loads on demand, and the licenses of the packages in it; likewise of pull Secrets. */
const BUNDLE =
  'dist/{pod-identity-webhook{,.mjs,.mjs.LEGAL.txt},ecr-credential-provider.mjs,ecr-pull-secrets}'

/** Lays out below a folder, which may have other files, what `npm run build` made of the image. */
export async function layOutImage(root: string): Promise<void> {
  const app = join(root, 'app')
  await mkdir(app, { recursive: true })
  for await (const source of glob(BUNDLE)) await cp(source, join(app, basename(source)), { recursive: true })
  await cp('LICENSE', join(app, 'LICENSE'))
  await writeSbom(join(app, 'sbom.cdx.json'))
  await writeNotices(join(app, 'THIRD-PARTY-NOTICES.txt'))
  // Manifests made for the Go webhook name its executable.
  await symlink('/app/pod-identity-webhook.mjs', join(root, 'webhook'))
}

if (import.meta.main) {
  const [root] = process.argv.slice(2)
  if (root === undefined) {
    process.stderr.write('say where to: node scripts/image-files.ts FOLDER\n')
    process.exitCode = 2
  } else {
    await layOutImage(root)
  }
}
