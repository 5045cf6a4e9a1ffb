import { spawnSync } from 'node:child_process'
import { cp, mkdir, readFile, symlink } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { readDockerfile } from '../../scripts/dockerfile.ts'

/** It takes the network: it is not run. */
const INSTALLS_PACKAGES = /^npm ci\b/

/**
 * Does in folders what docker does with the Dockerfile: its first stage in `buildRoot`, from no other files than
 * docker would be given, and what its last stage copies into `imageRoot`. Only the packages are those of the checkout.
 */
export async function buildImageRoot(buildRoot: string, imageRoot: string): Promise<void> {
  const [build, image] = readDockerfile()
  if (build === undefined || image === undefined) throw new Error('Dockerfile: two stages are expected')
  const context = await readContext()
  let workFolder = buildRoot
  for (const { name, text } of build.instructions) {
    if (name === 'WORKDIR') {
      workFolder = join(buildRoot, text)
      await mkdir(workFolder, { recursive: true })
    } else if (name === 'COPY') {
      const [sources, target] = splitCopy(text)
      for (const source of sources) {
        if (!context.includes(source))
          throw new Error(`Dockerfile: .dockerignore keeps ${source} from COPY ${text}`)
        const path = target.endsWith('/') ? join(target, basename(source)) : target
        await cp(source, join(workFolder, path), { recursive: true })
      }
    } else if (name === 'RUN' && INSTALLS_PACKAGES.test(text)) {
      await symlink(resolve('node_modules'), join(workFolder, 'node_modules'))
    } else if (name === 'RUN') {
      run(text.replaceAll(/(?<= )\/(?=\w)/g, `${buildRoot}/`), workFolder)
    } else if (name !== 'ARG') {
      throw new Error(`Dockerfile: ${name} is not known in the first stage`)
    }
  }
  for (const { name, text } of image.instructions) {
    if (name === 'RUN') throw new Error(`Dockerfile: RUN ${text}: in the last stage it takes an emulator`)
    if (name !== 'COPY') continue
    const [[source = ''], target] = splitCopy(text.replace(/^--from=build /, ''))
    await cp(join(buildRoot, source), join(imageRoot, target), { recursive: true, verbatimSymlinks: true })
  }
}

/** Without what runs the tests, which adds a loader to every Node that they start. */
function run(command: string, workFolder: string): void {
  const environment = ['-i', `PATH=${process.env['PATH']}`, `HOME=${workFolder}`]
  const { status, stderr } = spawnSync('env', [...environment, 'sh', '-c', command], {
    cwd: workFolder,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`Dockerfile: RUN ${command} failed: ${stderr}`)
}

/** What .dockerignore, which leaves out all else, lets docker see. */
async function readContext(): Promise<readonly string[]> {
  const [first, ...rest] = (await readFile('.dockerignore', 'utf8')).trim().split('\n')
  if (first !== '*' || !rest.every((line) => line.startsWith('!'))) {
    throw new Error('.dockerignore: it begins with *, and then names what is let through')
  }
  return rest.map((line) => line.slice(1))
}

function splitCopy(text: string): [sources: readonly string[], target: string] {
  const paths = text.split(' ')
  return [paths.slice(0, -1), paths.at(-1) ?? '']
}
