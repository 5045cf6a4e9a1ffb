import { cp, lstat, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { fitAnnotationPolicy } from './annotation-policy-flags.ts'
import type { CertificateMode } from './cluster-options.ts'
import type { ImageReference } from './image-reference.ts'
import type { Kubectl } from './kubectl.ts'
import { type Manifest, OWN_NAME } from './manifest.ts'

/** What the manifests are rendered for. */
export interface RenderOptions {
  readonly namespace: string
  /** `none`: the policies alone, which serve nothing. */
  readonly certificateMode: CertificateMode | 'none'
  readonly components: readonly string[]
  readonly image?: ImageReference
  readonly args?: readonly string[]
  /** Another folder than the checkout's deploy. */
  readonly deployFolder?: string
}

const DEPLOY_FOLDER = fileURLToPath(new URL('../../deploy', import.meta.url))

/** kustomize takes every new kind of the API for a namespaced one. */
const CLUSTER_KINDS: readonly string[] = [
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
]

/** The components there are, by name. */
export async function listComponents(deployFolder = DEPLOY_FOLDER): Promise<readonly string[]> {
  const entries = await readdir(join(deployFolder, 'components'), { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

/** Renders an overlay with its components by kubectl's kustomize, in a copy of deploy: nothing in the checkout changes. */
export async function renderManifests(
  kubectl: Kubectl,
  options: RenderOptions,
): Promise<readonly Manifest[]> {
  const folder = await mkdtemp(join(tmpdir(), 'pod-identity-webhook-deploy-'))
  try {
    await cp(options.deployFolder ?? DEPLOY_FOLDER, folder, { recursive: true, verbatimSymlinks: true })
    await takeOverEditedAuth(folder)
    await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(describeKustomization(options)))
    const text = await kubectl.run(['kustomize', folder])
    return parseAllDocuments(text)
      .map((document) => withoutStrayNamespace(document.toJS() as Manifest))
      .map((manifest) => fitAnnotationPolicy(manifest, options.args ?? []))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** deploy/auth.yaml is a link, which `sed -i` and some editors replace by a file. */
async function takeOverEditedAuth(folder: string): Promise<void> {
  const path = join(folder, 'auth.yaml')
  if ((await lstat(path)).isSymbolicLink()) return
  const text = await readFile(path, 'utf8')
  // Where git makes no links, the file holds the link's target.
  if (text.trim() !== 'base/auth.yaml') await writeFile(join(folder, 'base', 'auth.yaml'), text)
}

function describeKustomization({ namespace, certificateMode, components, image, args = [] }: RenderOptions) {
  const addition = args.map((value) => ({
    op: 'add',
    path: '/spec/template/spec/containers/0/args/-',
    value,
  }))
  return {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    namespace,
    resources: [`overlays/${certificateMode === 'none' ? 'policy-only' : certificateMode}`],
    components: components.map((name) => `components/${name}`),
    ...(image && { images: [{ name: OWN_NAME, ...image }] }),
    ...(args.length > 0 && {
      patches: [{ target: { kind: 'Deployment', name: OWN_NAME }, patch: JSON.stringify(addition) }],
    }),
    // The overlay's own has run before `namespace` here.
    ...(certificateMode === 'cert-manager' && {
      replacements: [{ path: 'overlays/cert-manager/namespace.replacement.yaml' }],
    }),
  }
}

function withoutStrayNamespace(manifest: Manifest): Manifest {
  if (!CLUSTER_KINDS.includes(manifest.kind)) return manifest
  const { namespace: _, ...metadata } = manifest.metadata
  return { ...manifest, metadata }
}
