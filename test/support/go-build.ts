import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'

/** A Go module of ours that pins programs: its folder, and which of the `.mod` files there says the versions. */
export interface GoModule {
  readonly folder: string
  readonly modFile: string
}

/** Programs to build, and where to. */
export interface GoBuild {
  readonly module: GoModule
  /** The Go package of each program, by the program's file name. */
  readonly packages: Readonly<Record<string, string>>
  readonly outputFolder: string
  /** Of `-ldflags`, beside those that leave debugging out. */
  readonly linkerFlags?: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

const PROGRESS_INTERVAL_MS = 30_000

/** Whether Go is installed, which builds programs. */
export function hasGo(): boolean {
  return spawnSync('go', ['version'], { stdio: 'ignore' }).status === 0
}

/** Where a kind of programs is kept, outside the checkout. */
export function findCacheFolder(kind: string, env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'pod-identity-webhook', kind)
}

/** Short, and another one where any of the files is: what a program was built from is part of its name or of its folder's. */
export async function digestFiles(paths: readonly string[]): Promise<string> {
  const digest = createHash('sha256')
  for (const path of paths) digest.update(await readFile(path))
  return digest.digest('hex').slice(0, 12)
}

/** The digest of what a module pins. */
export function digestModule({ folder, modFile }: GoModule): Promise<string> {
  return digestFiles([join(folder, modFile), join(folder, modFile.replace(/\.mod$/, '.sum'))])
}

/** Whom to tell of a build that takes minutes, and how to call it: `helm, about 2 minutes`. */
export interface BuildReport {
  readonly what: string
  readonly reportProgress: (line: string) => void
}

/** Builds the programs that are not there yet: each appears in its folder complete or not at all. Throws where Go cannot. */
export async function buildMissing({ packages, ...build }: GoBuild, report?: BuildReport): Promise<void> {
  const isThere = await Promise.all(
    Object.keys(packages).map((name) => exists(join(build.outputFolder, name))),
  )
  const missing = Object.fromEntries(Object.entries(packages).filter((_, index) => !isThere[index]))
  if (Object.keys(missing).length === 0) return
  const done = report && startReport(report)
  try {
    await buildPrograms({ packages: missing, ...build })
  } finally {
    done?.()
  }
}

/** Tells of a build every half of a minute until its end. */
function startReport({ what, reportProgress }: BuildReport): () => void {
  const startedAtMs = performance.now()
  const elapsedSeconds = () => Math.round((performance.now() - startedAtMs) / 1000)
  reportProgress(`building ${what}`)
  const timer = setInterval(
    () => reportProgress(`still building, ${elapsedSeconds()} s`),
    PROGRESS_INTERVAL_MS,
  )
  return () => {
    clearInterval(timer)
    reportProgress(`ended building after ${elapsedSeconds()} s`)
  }
}

async function buildPrograms(build: GoBuild): Promise<void> {
  const { module, packages, outputFolder, linkerFlags = [], env } = build
  await mkdir(outputFolder, { recursive: true })
  const buildFolder = await mkdtemp(join(outputFolder, 'building-'))
  try {
    const flags = [`-modfile=${module.modFile}`, '-trimpath', '-ldflags', ['-s -w', ...linkerFlags].join(' ')]
    const args = ['build', ...flags, '-o', `${buildFolder}/`, ...Object.values(packages)]
    const go = spawn('go', args, {
      cwd: module.folder,
      env: { ...env, CGO_ENABLED: '0' },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const [code] = await once(go, 'exit')
    if (code !== 0)
      throw new Error(`go build in ${module.folder} failed with exit code ${code}; its errors are above`)
    for (const [name, goPackage] of Object.entries(packages))
      await rename(join(buildFolder, nameOfBuild(goPackage)), join(outputFolder, name))
  } finally {
    await rm(buildFolder, { recursive: true, force: true })
  }
}

/** go build names a program after the last element of its package's path that is not a major version. */
function nameOfBuild(goPackage: string): string {
  return basename(goPackage.replace(/\/v\d+$/, ''))
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
