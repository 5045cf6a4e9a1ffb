import type { Identity } from '../identity/decide.ts'
import type { MutationSettings } from '../identity/settings.ts'
import { buildDebugPatch, buildPatch, type Injection } from './build-patch.ts'
import { buildFixedParts, type FixedParts } from './fixed-parts.ts'
import { isWindowsPod } from './operating-system.ts'
import type { Pod } from './pod.ts'

/** Builds what gives a pod its identity; `skipContainers` is the text of the pod's annotation. */
export type Injector = (pod: Pod, identity: Identity, skipContainers: string | undefined) => Injection

/** The same for new ephemeral containers, apart from those in `known`; `undefined` where the pod has no token volume. */
export type DebugInjector = (
  pod: Pod,
  identity: Identity,
  options: { readonly skipContainers: string | undefined; readonly known: ReadonlySet<string> },
) => Injection | undefined

/** Creates an injector of ephemeral containers; few pods have any, so nothing is remembered. */
export function createDebugInjector(settings: MutationSettings): DebugInjector {
  return (pod, identity, options) =>
    buildDebugPatch(pod, buildFixedParts(identity, settings, { isWindows: isWindowsPod(pod) }), {
      ...options,
      annotationPrefix: settings.annotationPrefix,
    })
}

/** Creates an injector, which makes the parts that are the same in every pod once for each identity that it is handed. */
export function createInjector(settings: MutationSettings): Injector {
  const partsForLinux = new WeakMap<Identity, FixedParts>()
  const partsForWindows = new WeakMap<Identity, FixedParts>()

  function findParts(identity: Identity, isWindows: boolean): FixedParts {
    const known = isWindows ? partsForWindows : partsForLinux
    let parts = known.get(identity)
    if (parts === undefined) {
      parts = buildFixedParts(identity, settings, { isWindows })
      known.set(identity, parts)
    }
    return parts
  }

  return (pod, identity, skipContainers) =>
    buildPatch(pod, findParts(identity, isWindowsPod(pod)), {
      skipContainers,
      annotationPrefix: settings.annotationPrefix,
    })
}
