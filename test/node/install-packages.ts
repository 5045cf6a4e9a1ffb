/** Installs Debian's packages of what `make test-node` misses here; what is there already, such as Docker's containerd, is left. */
import { spawnSync } from 'node:child_process'
import { listMissingPackages } from './support/machine/requirements.ts'

process.exitCode = installPackages(listMissingPackages(process.env))

function installPackages(packages: readonly string[]): number {
  if (packages.length === 0) {
    console.log('nothing to install')
    return 0
  }
  const install = ['install', '--quiet', '--yes', '--no-install-recommends', ...packages]
  for (const args of [['update', '--quiet'], install]) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const { status, error } = spawnSync('apt-get', args, { stdio: 'inherit', env })
    if (error !== undefined) {
      console.error(`there is no apt-get here: install ${packages.join(', ')} in another way`)
      return 1
    }
    if (status !== 0) return status ?? 1
  }
  return 0
}
