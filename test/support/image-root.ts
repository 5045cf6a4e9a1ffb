import { spawn } from 'node:child_process'
import { cp, mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { readImageStart } from '../../scripts/image.ts'

/** The user that the image runs as. */
export const IMAGE_USER_ID = 65_532

/** Where the dynamic libraries of the Node executable are looked for. */
const LIBRARY_FOLDERS = ['lib', 'lib64', 'usr/lib', 'usr/lib64']

/**
 * Lays out what the image holds, apart from its base's libraries: the Node executable, the bundle under /app, and
 * `/config` for what a Deployment would mount.
 */
export async function assembleImageRoot(
  root: string,
  config: Readonly<Record<string, string>>,
): Promise<void> {
  for (const folder of ['bin', 'app', 'config', ...LIBRARY_FOLDERS]) {
    await mkdir(join(root, folder), { recursive: true })
  }
  await cp(process.execPath, join(root, 'bin/node'))
  await cp('dist/pod-identity-webhook.mjs', join(root, 'app/pod-identity-webhook.mjs'))
  await symlink('/app/pod-identity-webhook.mjs', join(root, 'webhook'))
  for (const [name, source] of Object.entries(config)) {
    await cp(source, join(root, 'config', name), { recursive: true })
  }
}

/**
 * Mounts the libraries into the root, makes all of it read-only, and becomes the webhook in it, without rights: what a
 * container runtime does with `readOnlyRootFilesystem` and `runAsNonRoot`. Runs in a mount namespace of its own, so
 * that nothing of it is seen outside or stays.
 */
const ENTER_ROOT = `
set -eu
root=$1; user=$2; environment=$3; shift 3
mount --make-rprivate /
mount --bind "$root" "$root"
for folder in ${LIBRARY_FOLDERS.join(' ')}; do
  if [ -d "/$folder" ]; then
    mount --bind "/$folder" "$root/$folder"
    mount -o remount,ro,bind "$root/$folder"
  fi
done
mount -o remount,ro,bind "$root"
exec env -i $environment "$(command -v chroot)" --userspec="$user:$user" "$root" /bin/node "$@"
`

/** Starts Node in an assembled root, as the image does; the process that comes back is Node itself. */
export function spawnInImageRoot(root: string, args: readonly string[]) {
  const { nodeOptions, env } = readImageStart()
  const user = String(IMAGE_USER_ID)
  // Set in there alone: what runs the tests adds variables to the processes that they start.
  const environment = Object.entries(env)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
  return spawn(
    'unshare',
    ['--mount', 'sh', '-c', ENTER_ROOT, 'enter-root', root, user, environment, ...nodeOptions, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
}
