import { readFile } from 'node:fs/promises'

/** A package as package-lock.json has it. */
export interface LockedPackage {
  /** Where it is installed: `node_modules/pino`. */
  readonly path: string
  readonly name: string
  readonly version: string
  /** As the package says: `Apache-2.0`. */
  readonly license: string | undefined
}

/** Lists the packages of package-lock.json that are not for development alone. */
export async function readProductionPackages(): Promise<readonly LockedPackage[]> {
  const lock: {
    readonly packages: Readonly<
      Record<string, { readonly version: string; readonly license?: string; readonly dev?: boolean }>
    >
  } = JSON.parse(await readFile('package-lock.json', 'utf8'))
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path, { version, license }]) => ({
      path,
      name: path.replace(/^.*node_modules\//, ''),
      version,
      license,
    }))
}
