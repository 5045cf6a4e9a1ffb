import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Daemon, startDaemon, waitForDaemon } from '../../../cluster/support/daemon.ts'
import { findFreePorts } from '../../../cluster/support/free-port.ts'

/** A registry of images on 127.0.0.1. */
export interface ImageRegistry {
  readonly url: string
  /** As image names have it. */
  readonly host: string
}

const START_TIMEOUT_MS = 20_000

/** Starts registries on the same images: one that asks nobody, and one for each password of the user `AWS`. */
export async function startRegistries(
  scope: { teardown(end: () => Promise<unknown>): void },
  folder: string,
  passwords: readonly string[],
): Promise<{ readonly open: ImageRegistry; readonly locked: readonly ImageRegistry[] }> {
  const registryFolder = join(folder, 'registry')
  await mkdir(registryFolder)
  const ports = await findFreePorts(passwords.length + 1)
  const start = async (port: number, password?: string): Promise<ImageRegistry> => {
    const url = `http://127.0.0.1:${port}`
    const daemon = await startRegistry(registryFolder, port, password)
    scope.teardown(() => daemon.stop())
    await waitForDaemon(
      daemon,
      'listening',
      () =>
        fetch(`${url}/v2/`).then(
          () => true,
          () => undefined,
        ),
      START_TIMEOUT_MS,
    )
    return { url, host: `127.0.0.1:${port}` }
  }
  const [openPort = 0, ...lockedPorts] = ports
  const [open, ...locked] = await Promise.all([
    start(openPort),
    ...lockedPorts.map((port, index) => start(port, passwords[index] ?? '')),
  ])
  return { open, locked }
}

async function startRegistry(folder: string, port: number, password: string | undefined): Promise<Daemon> {
  const pathOf = (name: string) => join(folder, `${port}.${name}`)
  if (password !== undefined)
    await writeFile(pathOf('htpasswd'), execFileSync('htpasswd', ['-Bbn', 'AWS', password]))
  const auth = { htpasswd: { realm: 'registry', path: pathOf('htpasswd') } }
  const config = {
    version: '0.1',
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'images') } },
    http: { addr: `127.0.0.1:${port}` },
    ...(password === undefined ? {} : { auth }),
  }
  // JSON is YAML.
  await writeFile(pathOf('config.yml'), JSON.stringify(config))
  return startDaemon({
    name: `registry-${port}`,
    command: 'docker-registry',
    args: ['serve', pathOf('config.yml')],
    logPath: pathOf('log'),
  })
}
