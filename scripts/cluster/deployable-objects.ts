import { CERTIFICATE_MODES } from './cluster-options.ts'
import type { Kubectl } from './kubectl.ts'
import { keyOf, type Manifest } from './manifest.ts'
import { findPolicyVersion, inVersion } from './policy-version.ts'
import { listComponents, renderManifests } from './rendered-manifests.ts'

/**
 * Lists every object that any choice of certificates and components deploys into a namespace, as far as the cluster
 * has such kinds, and the Secrets that cert-manager leaves behind.
 */
export async function listDeployableObjects(
  kubectl: Kubectl,
  namespace: string,
  apiVersions: ReadonlySet<string>,
): Promise<readonly Manifest[]> {
  const components = await listComponents()
  const rendered = await Promise.all(
    CERTIFICATE_MODES.map((certificateMode) =>
      renderManifests(kubectl, { namespace, certificateMode, components }),
    ),
  )
  const all = inVersion(rendered.flat(), await findPolicyVersion(kubectl))
  const objects = [...all, ...all.flatMap(describeIssuedSecret)].filter(({ apiVersion }) =>
    apiVersions.has(apiVersion),
  )
  return [...new Map(objects.map((object) => [keyOf(object), object])).values()]
}

function describeIssuedSecret({ kind, metadata, ...fields }: Manifest): readonly Manifest[] {
  if (kind !== 'Certificate') return []
  const { secretName } = fields['spec'] as { secretName: string }
  return [{ apiVersion: 'v1', kind: 'Secret', metadata: { ...metadata, name: secretName } }]
}
