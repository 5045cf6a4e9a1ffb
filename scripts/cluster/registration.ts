import { addCertificates } from './ca-bundle.ts'
import type { CertificateMode } from './cluster-options.ts'
import { retryConflicts } from './conflict-retry.ts'
import type { Kubectl } from './kubectl.ts'
import { type Manifest, OWN_NAME } from './manifest.ts'

/** cert-manager's cainjector writes the caBundle of what carries this. */
const INJECTION = 'cert-manager.io/inject-ca-from'
const CONFIGURATION = ['mutatingwebhookconfiguration', OWN_NAME] as const
/** Apart from `kubectl apply`: what that leaves out, it would take away. */
const FIELD_MANAGER = '--field-manager=cluster-up'

interface Entry {
  readonly name: string
  readonly clientConfig: {
    readonly service?: { readonly namespace: string }
    /** PEM, in base64. */
    readonly caBundle?: string
  }
}

interface Configuration extends Manifest {
  readonly metadata: Manifest['metadata'] & { readonly resourceVersion?: string }
  readonly webhooks?: readonly Entry[]
}

/** What the cluster's webhook configuration says of the webhook that is there now. */
export interface Registration {
  /** Of the Service that API servers call; undefined where they call a URL. */
  readonly namespace: string | undefined
  readonly certificateMode: CertificateMode
  readonly configuration: Configuration
}

/** Reads the webhook configuration; undefined where there is none. */
export async function findRegistration(kubectl: Kubectl): Promise<Registration | undefined> {
  const answer = await kubectl.run(['get', ...CONFIGURATION, '--ignore-not-found', '--output=json'])
  if (answer.trim() === '') return undefined
  const configuration = JSON.parse(answer) as Configuration
  return {
    namespace: configuration.webhooks?.[0]?.clientConfig.service?.namespace,
    certificateMode: configuration.metadata.annotations?.[INJECTION] ? 'cert-manager' : 'self-managed',
    configuration,
  }
}

/** The PEM that each entry trusts; empty for one that has none. */
export function listBundles({ configuration }: Registration): readonly string[] {
  return (configuration.webhooks ?? []).map(readBundle)
}

/**
 * Registers the webhook, in one write: Service, entries and whom they trust never disagree. Every entry trusts
 * `authorityPem`, beside whom entries for the same Service trust already.
 */
export async function register(kubectl: Kubectl, manifest: Manifest, authorityPem: string): Promise<void> {
  await retryConflicts(async () => {
    const current = await findRegistration(kubectl)
    const wanted = describeRegistration(manifest as Configuration, current, authorityPem)
    const verb = current === undefined ? 'create' : 'replace'
    await kubectl.run([verb, '--validate=strict', FIELD_MANAGER, '--filename=-'], wanted)
  })
}

/** The manifest with a caBundle in each entry, and with what others wrote into the metadata of what is there. */
export function describeRegistration(
  manifest: Configuration,
  current: Registration | undefined,
  authorityPem: string,
): Configuration {
  const webhooks = manifest.webhooks?.map((entry) => {
    const trustedPem = addCertificates(findTrustedPem(entry, current), authorityPem)
    if (trustedPem === '') return entry
    return { ...entry, clientConfig: { ...entry.clientConfig, caBundle: encode(trustedPem) } }
  })
  const { annotations, labels, resourceVersion } = current?.configuration.metadata ?? {}
  const { [INJECTION]: _, ...foreign } = annotations ?? {}
  const metadata = {
    ...manifest.metadata,
    labels: { ...labels, ...manifest.metadata.labels },
    annotations: { ...foreign, ...manifest.metadata.annotations },
    ...(resourceVersion && { resourceVersion }),
  }
  return { ...manifest, metadata, ...(webhooks && { webhooks }) }
}

/** Lets all entries trust an authority beside those that they trust; nothing else changes. */
export function addTrust(kubectl: Kubectl, authorityPem: string): Promise<void> {
  return retryConflicts(() => attemptToAddTrust(kubectl, authorityPem))
}

async function attemptToAddTrust(kubectl: Kubectl, authorityPem: string): Promise<void> {
  const registration = await findRegistration(kubectl)
  if (registration === undefined) return
  const { metadata, webhooks = [] } = registration.configuration
  const changes = webhooks.flatMap((entry, index) => {
    const bundlePem = readBundle(entry)
    const value = addCertificates(bundlePem, authorityPem)
    if (value === bundlePem) return []
    return [{ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: encode(value) }]
  })
  if (changes.length === 0) return
  const version = { op: 'replace', path: '/metadata/resourceVersion', value: metadata.resourceVersion }
  const patch = JSON.stringify([version, ...changes])
  await kubectl.run(['patch', ...CONFIGURATION, '--type=json', FIELD_MANAGER, `--patch=${patch}`])
}

/** Tells cert-manager's cainjector to leave the caBundle as it is. The function returned tells it to go on as before. */
export async function pauseInjection(
  kubectl: Kubectl,
  { configuration }: Registration,
): Promise<() => Promise<void>> {
  const annotate = async (value: string | null) => {
    const patch = JSON.stringify({ metadata: { annotations: { [INJECTION]: value } } })
    await kubectl.run(['patch', ...CONFIGURATION, '--type=merge', FIELD_MANAGER, `--patch=${patch}`])
  }
  await annotate(null)
  return () => annotate(configuration.metadata.annotations?.[INJECTION] ?? null)
}

/** Entries for another Service say nothing of whom to trust for this one. An entry that is new trusts as its sisters do. */
function findTrustedPem({ name, clientConfig }: Entry, current: Registration | undefined): string {
  const namespace = clientConfig.service?.namespace
  const sisters = (current?.configuration.webhooks ?? []).filter(
    (each) => each.clientConfig.service?.namespace === namespace,
  )
  const same = sisters.find((each) => each.name === name) ?? sisters[0]
  return same === undefined ? '' : readBundle(same)
}

function readBundle({ clientConfig }: Entry): string {
  return Buffer.from(clientConfig.caBundle ?? '', 'base64').toString()
}

function encode(pem: string): string {
  return Buffer.from(pem).toString('base64')
}
