import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Plan, Step } from '../../aws/step.ts'
import type { Issuer } from '../../iam/issuer-url.ts'
import { DISCOVERY_PATH, KEYS_PATH, renderDiscoveryDocument } from '../documents/discovery-document.ts'
import { renderKeySet } from '../documents/key-set.ts'
import type { SigningKey } from '../documents/signing-key.ts'

/** Plans the two documents as files below a folder, where they are not there as they should be. Rejects in one line. */
export async function planDocumentFiles({
  issuer,
  keys,
  folder,
}: {
  readonly issuer: Issuer
  readonly keys: readonly SigningKey[]
  readonly folder: string
}): Promise<Plan> {
  const kids = keys.map(({ kid }) => kid || '(empty)').join(', ')
  const algorithms = [...new Set(keys.map(({ alg }) => alg))].sort().join(', ')
  const steps = [
    // Keys first: a discovery document never promises what is not there.
    await planFile(join(folder, KEYS_PATH), renderKeySet(keys), `${countKeys(keys)}: ${kids}`),
    await planFile(
      join(folder, DISCOVERY_PATH),
      renderDiscoveryDocument(issuer, keys),
      `issuer ${issuer.url}, ${algorithms}`,
    ),
  ]
  return {
    steps: steps.flatMap((step) => step ?? []),
    preface: [],
    notes: [],
    facts: { issuer: issuer.url, kids: keys.map(({ kid }) => kid) },
    check: async () => {},
  }
}

function countKeys({ length }: readonly unknown[]): string {
  return length === 1 ? '1 key' : `${length} keys`
}

async function planFile(path: string, content: string, detail: string): Promise<Step | undefined> {
  const current = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw describeFailure('read', path, error)
  })
  if (current === content) return undefined
  return {
    action: current === undefined ? 'create' : 'update',
    resource: path,
    detail,
    commands: [
      { args: ['mkdir', '-p', dirname(path)] },
      { args: ['cp', '/dev/stdin', path], stdin: content },
    ],
    apply: () =>
      writeAtomically(path, content).catch((error: unknown) => {
        throw describeFailure('write', path, error as NodeJS.ErrnoException)
      }),
  }
}

/** At any moment the file is the old one or the new one, whole. */
async function writeAtomically(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.new`
  try {
    const handle = await open(temporary, 'w')
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

function describeFailure(verb: 'read' | 'write', path: string, error: NodeJS.ErrnoException): Error {
  return new Error(`cannot ${verb} ${path} (${error.code ?? error.message}); check --out and its rights`, {
    cause: error,
  })
}
