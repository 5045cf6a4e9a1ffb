import type { ApiObject } from '../../../kubernetes/api-object.ts'
import { type AuthorityCertificate, isSameBundle, readBundle, uniteBundles } from './authority-certificate.ts'
import type { TrustSight } from './trust-observation.ts'

/** What is read of a MutatingWebhookConfiguration. */
export interface WebhookConfiguration extends ApiObject {
  readonly webhooks?: readonly {
    readonly clientConfig?: {
      readonly service?: { readonly name?: string; readonly namespace?: string }
      /** PEM, in base64. */
      readonly caBundle?: string
    }
  }[]
}

/** The Service that API servers reach us by. */
export interface ServiceReference {
  readonly name: string
  readonly namespace: string
}

/** Which authorities every webhook of ours trusts. */
export function readTrust(
  configuration: WebhookConfiguration | undefined,
  service: ServiceReference,
): TrustSight {
  const bundles = findBundles(configuration, service).map(
    ({ bundlePem }) => new Set(readBundle(bundlePem).map(({ fingerprint }) => fingerprint)),
  )
  const [first, ...others] = bundles
  return {
    trusted: first && new Set([...first].filter((each) => others.every((other) => other.has(each)))),
    resourceVersion: configuration?.metadata.resourceVersion ?? '',
  }
}

/** Every authority that any webhook of ours trusts. */
export function readTrustedAuthorities(
  configuration: WebhookConfiguration | undefined,
  service: ServiceReference,
): readonly AuthorityCertificate[] {
  return uniteBundles(...findBundles(configuration, service).map(({ bundlePem }) => readBundle(bundlePem)))
}

/**
 * The JSON Patch that gives every webhook of ours exactly this bundle; undefined where each has it.
 *
 * It sets the resourceVersion to what it was: where the object has changed since, so that an index may mean another webhook,
 * the API server answers 409. (A `test` would give 422, as any bad request does.)
 */
export function buildTrustPatch(
  configuration: WebhookConfiguration,
  service: ServiceReference,
  bundlePem: string,
): readonly object[] | undefined {
  const wrong = findBundles(configuration, service).filter((each) => !isSameBundle(each.bundlePem, bundlePem))
  if (wrong.length === 0) return undefined
  const value = Buffer.from(bundlePem).toString('base64')
  return [
    { op: 'replace', path: '/metadata/resourceVersion', value: configuration.metadata.resourceVersion },
    ...wrong.map(({ index }) => ({ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value })),
  ]
}

function findBundles(configuration: WebhookConfiguration | undefined, { name, namespace }: ServiceReference) {
  return (configuration?.webhooks ?? []).flatMap(({ clientConfig }, index) => {
    const service = clientConfig?.service
    if (service?.name !== name || service.namespace !== namespace) return []
    return [{ index, bundlePem: Buffer.from(clientConfig?.caBundle ?? '', 'base64').toString() }]
  })
}
