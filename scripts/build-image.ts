/** Builds the image: `make image IMAGE=… [PLATFORMS=linux/amd64,linux/arm64] [PUSH=yes]`. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

process.exitCode = buildImage(process.env)

/** Gives an exit code; docker prints its own errors. */
function buildImage(env: NodeJS.ProcessEnv): number {
  const { IMAGE: image, PLATFORMS: platforms, PUSH: push } = env
  if (!image)
    return fail('say how to call the image: make image IMAGE=registry.example/pod-identity-webhook:1.0.0', 2)
  const buildx = spawnSync('docker', ['buildx', 'version'], { stdio: 'ignore' })
  if (buildx.error !== undefined) return fail('docker, which builds images, is not installed', 1)
  if (buildx.status !== 0) return fail('docker has no buildx, which builds images: install its plugin', 1)
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  const args = [
    ...(platforms ? ['--platform', platforms] : []),
    ...['--build-arg', `VERSION=${version}`],
    ...['--build-arg', `REVISION=${askGit('rev-parse', 'HEAD') || 'unknown'}`],
    ...['--tag', image],
    // An image of several platforms is a list that most local stores cannot hold: push it.
    push === 'yes' ? '--push' : '--load',
    '.',
  ]
  // buildx dates all files by it, so the same commit gives the same image.
  const SOURCE_DATE_EPOCH = env['SOURCE_DATE_EPOCH'] || askGit('log', '-1', '--format=%ct')
  const cwd = new URL('..', import.meta.url)
  return (
    spawnSync('docker', ['buildx', 'build', ...args], {
      cwd,
      stdio: 'inherit',
      env: { ...env, SOURCE_DATE_EPOCH },
    }).status ?? 1
  )
}

/** Empty where there is no git, or no commit. */
function askGit(...args: readonly string[]): string {
  const { status, stdout } = spawnSync('git', args, { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : ''
}

function fail(message: string, exitCode: number): number {
  process.stderr.write(`make image: ${message}\n`)
  return exitCode
}
