import type { Plan } from '../../aws/step.ts'
import {
  type AuthorityBundle,
  describeBundle,
  findMissing,
  readKeptBundle,
  unite,
  writePem,
} from './authority-bundle.ts'
import { type Entity, findByName, readText, TRUST_ANCHOR } from './kept-entities.ts'
import { type EntityChange, planEntity } from './plan-entity.ts'
import { connectService, type SetupPlace } from './service-calls.ts'

/** What a trust anchor is to have. */
export interface TrustAnchorOptions {
  readonly name: string
  /** Certificates of the authorities whose certificates count. */
  readonly bundle: AuthorityBundle
  /** Whether other certificates that it has are taken away. */
  readonly isReplacing: boolean
  /** Whether a plan of everything will do where there are no credentials. */
  readonly isDryRun: boolean
  readonly place: SetupPlace
}

/**
 * Finds what the trust anchor of that name lacks, or that there is none; reads only. Rejects in one line.
 *
 * Certificates that it has besides stay, unless they are to be replaced: while an authority is changed for another, both count.
 */
export async function planTrustAnchor(options: TrustAnchorOptions): Promise<Plan> {
  const { name, bundle, isReplacing, isDryRun, place } = options
  const service = await connectService(place)
  const finding = await findByName(service, TRUST_ANCHOR, { name, areCredentialsOptional: isDryRun })
  const others = findMissing(bundle, keptBundle(finding.entity))
  const note = `${name} also trusts ${describeBundle(others)}; --replace takes that away`
  return planEntity(
    { service, kind: TRUST_ANCHOR, name },
    {
      finding,
      creation: changeSource(bundle, `trust anchor for certificates of ${describeBundle(bundle)}`),
      findUpdate: (entity) => findUpdate(entity, options),
      notes: others.length === 0 || isReplacing ? [] : [note],
      fact: 'trustAnchorArn',
    },
  )
}

function findUpdate(
  entity: Entity,
  { name, bundle, isReplacing }: TrustAnchorOptions,
): EntityChange | undefined {
  const { sourceType } = readSource(entity)
  if (sourceType !== 'CERTIFICATE_BUNDLE')
    throw new Error(
      `the trust anchor ${name} gets its certificates from ${String(sourceType)}: choose another name, or delete it`,
    )
  const kept = keptBundle(entity)
  const added = findMissing(kept, bundle)
  const removed = isReplacing ? findMissing(bundle, kept) : []
  if (added.length === 0 && removed.length === 0) return undefined
  const details = [
    ...(added.length === 0 ? [] : [`${describeBundle(added)} added`]),
    ...(removed.length === 0 ? [] : [`${describeBundle(removed)} taken away`]),
  ]
  return changeSource(isReplacing ? bundle : unite(kept, bundle), details.join(', '))
}

function changeSource(bundle: AuthorityBundle, detail: string): EntityChange {
  const source = { sourceType: 'CERTIFICATE_BUNDLE', sourceData: { x509CertificateData: writePem(bundle) } }
  return {
    detail,
    body: { source },
    args: ['--source', 'file:///dev/stdin'],
    stdin: JSON.stringify(source, undefined, 2),
  }
}

function keptBundle(entity: Entity | undefined): AuthorityBundle {
  const { sourceData } = readSource(entity)
  return readKeptBundle(readText(sourceData as Entity | undefined, 'x509CertificateData'))
}

function readSource(entity: Entity | undefined): Entity {
  return (entity?.['source'] ?? {}) as Entity
}
