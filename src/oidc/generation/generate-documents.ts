import type { Environment } from '../../aws/endpoint.ts'
import type { Plan } from '../../aws/step.ts'
import type { Issuer } from '../../iam/issuer-url.ts'
import { type KeySource, readKeys } from '../documents/key-source.ts'
import { planDocumentFiles } from './document-files.ts'

/** What `oidc generate` is asked for. */
export interface GenerationOptions {
  readonly issuer: Issuer
  readonly folder: string
  readonly keySource: KeySource
  readonly environment: Environment
}

/** Reads the keys and plans the issuer's two documents as files. Rejects in one line. */
export async function planDocuments(options: GenerationOptions): Promise<Plan> {
  const { issuer, folder, keySource, environment } = options
  return planDocumentFiles({ issuer, folder, keys: await readKeys(keySource, environment) })
}
