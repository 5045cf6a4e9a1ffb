import { spawn } from 'node:child_process'
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readImageStart } from '../../scripts/image.ts'

/** Where the dynamic libraries of the Node executable are looked for. */
const LIBRARY_FOLDERS = ['lib', 'lib64', 'usr/lib', 'usr/lib64']

/**
 * Adds to what the Dockerfile builds what a container runtime and the image's base would: the Node executable, folders
 * for its libraries, and `/config` for what a Deployment would mount.
 */
export async function completeImageRoot(
  root: string,
  config: Readonly<Record<string, string>>,
): Promise<void> {
  for (const folder of ['bin', 'config', ...LIBRARY_FOLDERS]) {
    await mkdir(join(root, folder), { recursive: true })
  }
  await cp(process.execPath, join(root, 'bin/node'))
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
exec env -i $environment "$(command -v chroot)" --userspec="$user" "$root" /bin/node "$@"
`

/**
 * Starts a program in an assembled root as the image does, `program` in the place of its own; the process that comes
 * back is Node itself.
 */
export function spawnInImageRoot(root: string, args: readonly string[], program = readImageStart().program) {
  const { nodeOptions, env, user } = readImageStart()
  // Set in there alone: what runs the tests adds variables to the processes that they start.
  const environment = Object.entries(env)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
  const start = [root, user, environment, ...nodeOptions, program, ...args]
  return spawn('unshare', ['--mount', 'sh', '-c', ENTER_ROOT, 'enter-root', ...start], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}
