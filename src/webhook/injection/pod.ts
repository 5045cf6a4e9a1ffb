/** The fields of a pod that the webhook looks at; everything else is left as it came, unread. */
export interface Pod {
  readonly metadata?: {
    readonly name?: string | null
    readonly generateName?: string | null
    readonly labels?: Readonly<Record<string, string>> | null
    readonly annotations?: Readonly<Record<string, string>> | null
  } | null
  readonly spec: {
    readonly serviceAccountName?: string | null
    readonly nodeSelector?: Readonly<Record<string, string>> | null
    readonly os?: { readonly name?: unknown } | null
    /** Not checked. */
    readonly affinity?: unknown
    readonly initContainers?: readonly Container[] | null
    readonly containers?: readonly Container[] | null
    /** Those of `kubectl debug`: none while a pod is created. */
    readonly ephemeralContainers?: readonly Container[] | null
    readonly volumes?: readonly Volume[] | null
  }
}

/** What is looked at in a container, init container or native sidecar. */
export interface Container {
  readonly name: string
  readonly env?: readonly { readonly name: string; readonly value?: unknown }[] | null
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[] | null
}

/** What is looked at in a volume. */
export interface Volume {
  readonly name: string
  readonly projected?: {
    readonly sources?: readonly { readonly serviceAccountToken?: unknown }[] | null
  } | null
}

/** Says which field of a pod has the wrong type; never what is in it. */
export class PodError extends Error {
  override readonly name = 'PodError'
}

/**
 * Checks the types of the fields that the webhook looks at and hands the same object back, typed.
 *
 * `null` counts as absent, as in Go. Throws a {@link PodError} that names the first wrong field.
 */
export function readPod(object: unknown): Pod {
  const problem = findPodProblem(object)
  if (problem !== undefined) throw new PodError(problem)
  return object as Pod
}

/**
 * The checks below give what is wrong as the rest of a path and a text, `[0].env is not a list`, and callers prepend
 * where they are: a pod that is right, which nearly every pod is, costs no allocation.
 */
type Problem = string | undefined
type JsonObject = Readonly<Record<string, unknown>>

function findPodProblem(pod: unknown): Problem {
  if (!isObject(pod)) return 'the object is not a JSON object'
  const { metadata, spec } = pod
  if (!isObject(spec)) return 'spec is not an object'
  return (
    within('metadata', isAbsent(metadata) ? undefined : findMetadataProblem(metadata)) ??
    within('spec', findSpecProblem(spec))
  )
}

function findMetadataProblem(metadata: unknown): Problem {
  if (!isObject(metadata)) return ' is not an object'
  return (
    within('.name', findOptionalStringProblem(metadata['name'])) ??
    within('.generateName', findOptionalStringProblem(metadata['generateName'])) ??
    within('.labels', findStringsProblem(metadata['labels'])) ??
    within('.annotations', findStringsProblem(metadata['annotations']))
  )
}

function findSpecProblem(spec: JsonObject): Problem {
  return (
    within('.serviceAccountName', findOptionalStringProblem(spec['serviceAccountName'])) ??
    within('.nodeSelector', findStringsProblem(spec['nodeSelector'])) ??
    within('.os', isAbsent(spec['os']) || isObject(spec['os']) ? undefined : ' is not an object') ??
    within('.initContainers', findItemsProblem(spec['initContainers'], findContainerProblem)) ??
    within('.containers', findItemsProblem(spec['containers'], findContainerProblem)) ??
    within('.ephemeralContainers', findItemsProblem(spec['ephemeralContainers'], findContainerProblem)) ??
    within('.volumes', findItemsProblem(spec['volumes'], findVolumeProblem))
  )
}

function findContainerProblem(container: JsonObject): Problem {
  return (
    findNameProblem(container) ??
    within('.env', findItemsProblem(container['env'], findNameProblem)) ??
    within('.volumeMounts', findItemsProblem(container['volumeMounts'], findVolumeMountProblem))
  )
}

function findVolumeMountProblem(mount: JsonObject): Problem {
  return (
    findNameProblem(mount) ??
    (typeof mount['mountPath'] === 'string' ? undefined : '.mountPath is not a string')
  )
}

function findVolumeProblem(volume: JsonObject): Problem {
  const { projected } = volume
  if (isAbsent(projected)) return findNameProblem(volume)
  if (!isObject(projected)) return '.projected is not an object'
  return (
    findNameProblem(volume) ??
    within('.projected.sources', findItemsProblem(projected['sources'], findNoProblem))
  )
}

function findItemsProblem(list: unknown, findItemProblem: (item: JsonObject) => Problem): Problem {
  if (isAbsent(list)) return undefined
  if (!Array.isArray(list)) return ' is not a list'
  for (let index = 0; index < list.length; index++) {
    const item: unknown = list[index]
    const problem = isObject(item) ? findItemProblem(item) : ' is not an object'
    if (problem !== undefined) return `[${index}]${problem}`
  }
  return undefined
}

function findNameProblem(item: JsonObject): Problem {
  return typeof item['name'] === 'string' ? undefined : '.name is not a string'
}

function findOptionalStringProblem(value: unknown): Problem {
  return isAbsent(value) || typeof value === 'string' ? undefined : ' is not a string'
}

function findStringsProblem(strings: unknown): Problem {
  if (isAbsent(strings)) return undefined
  if (!isObject(strings)) return ' is not an object'
  for (const key in strings) if (typeof strings[key] !== 'string') return ' has a value that is not a string'
  return undefined
}

function findNoProblem(): Problem {
  return undefined
}

function within(path: string, problem: Problem): Problem {
  return problem === undefined ? undefined : path + problem
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
