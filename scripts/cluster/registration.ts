import type { CertificateMode } from './cluster-options.ts'
import type { Kubectl } from './kubectl.ts'
import { OWN_NAME } from './manifest.ts'

/** What the cluster's webhook configuration says of the webhook that is there now. */
export interface Registration {
  /** Of the Service that API servers call; undefined where they call a URL. */
  readonly namespace: string | undefined
  readonly certificateMode: CertificateMode
}

/** Reads the webhook configuration; undefined where there is none. */
export async function findRegistration(kubectl: Kubectl): Promise<Registration | undefined> {
  const args = ['get', 'mutatingwebhookconfiguration', OWN_NAME, '--ignore-not-found', '--output=json']
  const answer = await kubectl.run(args)
  if (answer.trim() === '') return undefined
  const { metadata, webhooks } = JSON.parse(answer) as {
    metadata: { annotations?: Record<string, string> }
    webhooks?: readonly { clientConfig: { service?: { namespace: string } } }[]
  }
  return {
    namespace: webhooks?.[0]?.clientConfig.service?.namespace,
    certificateMode: metadata.annotations?.['cert-manager.io/inject-ca-from']
      ? 'cert-manager'
      : 'self-managed',
  }
}

/** Removes the webhook configuration: API servers ask nobody from then on. */
export async function removeRegistration(kubectl: Kubectl): Promise<void> {
  await kubectl.run(['delete', 'mutatingwebhookconfiguration', OWN_NAME, '--ignore-not-found'])
}
