import { spawnSync } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { createKubectl } from '../../scripts/cluster/kubectl.ts'
import { type Manifest, OWN_NAME } from '../../scripts/cluster/manifest.ts'
import { type RenderOptions, renderManifests } from '../../scripts/cluster/rendered-manifests.ts'

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0

/** Why tests that render cannot run; false where they can. */
export const skip = hasKubectl ? false : 'kubectl, whose kustomize builds the manifests, is not installed'

export const kubectl = createKubectl('kubectl')

/** Another namespace than the one that the manifests are written with. */
export const NAMESPACE = 'aws-identities'

/** Renders as cluster-up does; with self-managed certificates in eks, unless told otherwise. */
export function render(options: Partial<RenderOptions>): Promise<readonly Manifest[]> {
  const defaults = { namespace: 'eks', certificateMode: 'self-managed', components: [] } as const
  return renderManifests(kubectl, { ...defaults, ...options })
}

/** A copy of deploy/ that the test may change. */
export async function copyDeploy(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'deploy-'))
  t.teardown(() => rm(folder, { recursive: true }))
  await cp('deploy', folder, { recursive: true, verbatimSymlinks: true })
  return folder
}

/** The one of a kind that is named for the webhook. */
export function findKind(manifests: readonly Manifest[], kind: string): Manifest {
  const names = [OWN_NAME, 'eks', NAMESPACE]
  const found = manifests.find((manifest) => manifest.kind === kind && names.includes(manifest.metadata.name))
  if (found === undefined) throw new Error(`there is no ${kind}`)
  return found
}

/** The webhook's container, as far as tests look at it by name. */
export interface Container {
  readonly image: string
  readonly args: readonly string[]
}

/** The container of the webhook's Deployment. */
export function findContainer(manifests: readonly Manifest[]): Container {
  const { template } = findKind(manifests, 'Deployment')['spec'] as {
    template: { spec: { containers: readonly [Container] } }
  }
  return template.spec.containers[0]
}
