import { homedir } from 'node:os'
import type { Environment } from '../../aws/endpoint.ts'
import { ApiClient } from '../../kubernetes/api-client.ts'
import { findConnection } from '../../kubernetes/connection-source.ts'
import { SYSTEM_TIMING } from '../../kubernetes/timing.ts'
import { readClusterKeys } from './cluster-keys.ts'
import { readKeyFiles } from './key-files.ts'
import { addEmptyKids, type SigningKey } from './signing-key.ts'

/** Where the keys come from. */
export interface KeySource {
  readonly origin:
    | { readonly kind: 'files'; readonly paths: readonly string[] }
    | {
        readonly kind: 'cluster'
        readonly kubeconfigPath: string | undefined
        readonly context: string | undefined
      }
  /** Whether each key is listed once more without a kid. */
  readonly isEmptyKidListed: boolean
}

/** Reads keys as often as it is asked to. */
export interface KeyReader {
  /** Rejects in one line, or with the signal's reason. */
  read(signal?: AbortSignal): Promise<readonly SigningKey[]>
  close(): void
}

/** Rejects in one line where no cluster can be found. */
export async function openKeySource(
  { origin, isEmptyKidListed }: KeySource,
  environment: Environment,
): Promise<KeyReader> {
  const reader = origin.kind === 'files' ? openFiles(origin.paths) : await openCluster(origin, environment)
  if (!isEmptyKidListed) return reader
  return { ...reader, read: async (signal) => addEmptyKids(await reader.read(signal)) }
}

/** Reads the keys once. */
export async function readKeys(source: KeySource, environment: Environment): Promise<readonly SigningKey[]> {
  const reader = await openKeySource(source, environment)
  try {
    return await reader.read()
  } finally {
    reader.close()
  }
}

function openFiles(paths: readonly string[]): KeyReader {
  return { read: () => readKeyFiles(paths), close() {} }
}

async function openCluster(
  { kubeconfigPath, context }: Extract<KeySource['origin'], { kind: 'cluster' }>,
  environment: Environment,
): Promise<KeyReader> {
  const connection = await findConnection({
    kubeconfigPath,
    context,
    server: undefined,
    environment,
    homeFolder: homedir(),
    timing: SYSTEM_TIMING,
    alternative: '--key FILE for the public keys',
  })
  const client = new ApiClient(connection)
  return { read: (signal) => readClusterKeys(client, signal), close: () => client.close() }
}
