/** An object of the API as it is deployed, as far as deploying looks into it. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

/** The label that everything deployed carries, and its value. */
export const OWN_LABEL = { key: 'app.kubernetes.io/name', value: 'pod-identity-webhook' } as const

/** The name of the Deployment, the Service, the ServiceAccount and the webhook configuration. */
export const OWN_NAME = 'pod-identity-webhook'

/** Several objects as the one that kubectl reads from its standard input. */
export function toList<Item extends object>(manifests: readonly Item[]) {
  return { apiVersion: 'v1', kind: 'List', items: manifests }
}

/** Tells objects apart: kind, namespace and name. */
export function keyOf({ kind, metadata }: Manifest): string {
  return `${kind}/${metadata.namespace ?? ''}/${metadata.name}`
}

/** Whether a manifest is shipped without content, for people to fill in. */
export function isWrittenByPeople(manifest: Manifest): boolean {
  return manifest.kind === 'ConfigMap' && !('data' in manifest)
}
