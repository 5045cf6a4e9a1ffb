import { addCertificates } from './ca-bundle.ts'
import type { CertificateMode } from './cluster-options.ts'
import { retryConflicts } from './conflict-retry.ts'
import type { Kubectl } from './kubectl.ts'
import { OWN_NAME } from './manifest.ts'

/** Since when the webhook's authority signs. Where that is unknown it is taken for new, so that all in its bundle stay trusted. */
const SIGNING_SINCE = 'pod-identity-webhook.amazonaws.com/ca-signs-since'

/** The authority of the certificates that replicas serve with. */
export interface ServingAuthority {
  /** For people. */
  readonly secretName: string
  /** Who signs now; empty where there is nobody yet. */
  readonly signerPem: string
  /** All who are to be trusted, the signer among them. */
  readonly trustedPem: string
}

/** Reads the authority from its Secret: its certificates alone, never its key. */
export async function readServingAuthority(
  kubectl: Kubectl,
  namespace: string,
  certificateMode: CertificateMode,
): Promise<ServingAuthority> {
  const name = certificateMode === 'self-managed' ? OWN_NAME : `${OWN_NAME}-tls`
  const [bundlePem, certificatePem] = await readSecret(kubectl, namespace, name)
  const signerPem = certificateMode === 'self-managed' ? certificatePem : bundlePem
  return { secretName: `${namespace}/${name}`, signerPem, trustedPem: addCertificates(bundlePem, signerPem) }
}

/**
 * Puts an authority into the bundle that self-managed replicas keep in every caBundle: they would take one out that is
 * in the caBundle alone. Nothing happens where no replica has made a bundle yet.
 */
export function addToKeptBundle(kubectl: Kubectl, namespace: string, authorityPem: string): Promise<void> {
  return retryConflicts(async () => {
    const [bundlePem, , resourceVersion] = await readSecret(kubectl, namespace, OWN_NAME)
    const wantedPem = addCertificates(bundlePem, authorityPem)
    if (bundlePem === '' || wantedPem === bundlePem) return
    const patch = JSON.stringify({
      metadata: { resourceVersion, annotations: { [SIGNING_SINCE]: null } },
      data: { 'ca.crt': Buffer.from(wantedPem).toString('base64') },
    })
    await kubectl.run([
      'patch',
      'secret',
      `--namespace=${namespace}`,
      OWN_NAME,
      '--type=merge',
      `--patch=${patch}`,
    ])
  })
}

async function readSecret(kubectl: Kubectl, namespace: string, name: string) {
  const path = '{.data.ca\\.crt},{.data.tls\\.crt},{.metadata.resourceVersion}'
  const args = [
    'get',
    'secret',
    `--namespace=${namespace}`,
    name,
    '--ignore-not-found',
    `--output=jsonpath=${path}`,
  ]
  const [bundle = '', certificate = '', resourceVersion = ''] = (await kubectl.run(args)).split(',')
  const decode = (text: string) => Buffer.from(text, 'base64').toString()
  return [decode(bundle), decode(certificate), resourceVersion] as const
}
