import type { Pod } from '../webhook/injection/pod.ts'

/** A pod as the API server lists it, as far as an audit looks at it. */
export interface ListedPod extends Pod {
  readonly metadata: NonNullable<Pod['metadata']> & {
    readonly name: string
    readonly namespace: string
    readonly creationTimestamp?: string
    readonly deletionTimestamp?: string
    readonly ownerReferences?: readonly {
      readonly kind: string
      readonly name: string
      readonly controller?: boolean
    }[]
  }
  readonly status?: { readonly phase?: string }
}

/** Who makes a pod again when it goes. */
export interface Owner {
  readonly kind: string
  readonly name: string
}

/** The owner of a pod; itself where nobody makes it again. A ReplicaSet's is the Deployment that its name begins with. */
export function findOwner({ metadata }: ListedPod): Owner {
  const controller = metadata.ownerReferences?.find(({ controller: isController }) => isController)
  if (controller === undefined) return { kind: 'Pod', name: metadata.name }
  const hash = metadata.labels?.['pod-template-hash']
  const isOfDeployment = controller.kind === 'ReplicaSet' && hash && controller.name.endsWith(`-${hash}`)
  return isOfDeployment
    ? { kind: 'Deployment', name: controller.name.slice(0, -hash.length - 1) }
    : { kind: controller.kind, name: controller.name }
}

/** Whether a pod is on its way out, or has ended: it needs no credentials any more. */
export function isEnding({ metadata, status }: ListedPod): boolean {
  return metadata.deletionTimestamp !== undefined || ['Succeeded', 'Failed'].includes(status?.phase ?? '')
}

/** The value of a container's variable; undefined where it has none, or one from elsewhere. */
export function readVariable(
  container: { readonly env?: readonly { readonly name: string; readonly value?: unknown }[] | null },
  name: string,
): string | undefined {
  const value = container.env?.find((variable) => variable.name === name)?.value
  return typeof value === 'string' ? value : undefined
}
