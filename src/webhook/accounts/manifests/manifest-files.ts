import type { FileContents } from '../../files/file-contents.ts'
import type { AccountAnnotations } from '../../identity/account.ts'
import { parseAccountAnnotations } from '../../identity/annotations.ts'
import {
  type AccountMappings,
  MAPPINGS_KEY,
  MAPPINGS_NAME,
  NO_MAPPINGS,
  parseAccountMappings,
} from '../account-mapping.ts'
import { ConfigTextError } from '../config-text.ts'
import {
  isObject,
  listObjects,
  ManifestError,
  type ManifestObject,
  parseDocuments,
} from './manifest-documents.ts'

/** The endings of the files that count in a folder of manifests, as for kubectl. */
export const MANIFEST_SUFFIXES = ['.yaml', '.yml', '.json'] as const

/** The namespace of an object that names none. */
export const DEFAULT_NAMESPACE = 'default'

/** What manifests say about ServiceAccounts. */
export interface Manifests {
  /** By `namespace/name`. */
  readonly accounts: ReadonlyMap<string, AccountAnnotations>
  /** Without a ConfigMap there are none. */
  readonly mappings: AccountMappings
  /** Entries of the ConfigMap that were left out, a line each. */
  readonly badEntries: readonly string[]
  /** Why nothing of the ConfigMap can be used: `file:line: what`. */
  readonly mappingsProblem: string | undefined
  /** What a person should look at although all is read, a line each. */
  readonly notices: readonly string[]
}

/** How manifests are read. */
export interface ManifestOptions {
  readonly annotationPrefix: string
  /** Where the ConfigMap is looked for. */
  readonly namespace: string
  /** Whether the ConfigMap counts, as it does with `--watch-config-map`. */
  readonly isConfigMapWatched: boolean
}

/**
 * The objects in files of manifests.
 * @throws {ManifestError} naming the first file that is not there, cannot be read or is no manifest
 */
export function parseManifestFiles(files: readonly FileContents[]): readonly ManifestObject[] {
  return files.flatMap((file) => {
    if (file.state === 'absent') throw new ManifestError(file.path, 'there is no such file or folder')
    if (file.state === 'unreadable') throw new ManifestError(file.path, file.cause)
    const documents = parseDocuments(file.path, file.bytes.toString('utf8'))
    for (const { value, placeOf, document } of documents) {
      if (value !== undefined && !isObject(value))
        throw new ManifestError(placeOf(document.range[0]), 'it is no Kubernetes object')
    }
    return listObjects(documents).map((object) => {
      if (object.kind === '') throw new ManifestError(object.place, 'the object has no kind')
      return object
    })
  })
}

/**
 * Collects the ServiceAccounts and the ConfigMap among objects; of two of a name the later counts, with a notice.
 * @throws {ManifestError} naming the first that a cluster would refuse
 */
export function collectManifests(objects: readonly ManifestObject[], options: ManifestOptions): Manifests {
  const accounts = new Map<string, AccountAnnotations>()
  const places = new Map<string, string>()
  const notices: string[] = []
  let configMap: ManifestObject | undefined
  for (const object of objects.filter(({ group }) => group === '')) {
    if (object.kind === 'ServiceAccount') {
      const { namespace, name, annotations } = readMetadata(object)
      const key = `${namespace}/${name}`
      const earlier = places.get(key)
      if (earlier !== undefined)
        notices.push(`${object.place}: ServiceAccount ${key} takes the place of the one at ${earlier}`)
      places.set(key, object.place)
      accounts.set(
        key,
        parseAccountAnnotations(annotations, {
          prefix: options.annotationPrefix,
          subject: `ServiceAccount ${key}`,
        }),
      )
    }
    if (object.kind === 'ConfigMap') {
      if (!isMappings(object, options.namespace)) continue
      if (!options.isConfigMapWatched)
        notices.push(
          `${object.place}: ConfigMap ${options.namespace}/${MAPPINGS_NAME} is ignored without --watch-config-map`,
        )
      else configMap = object
    }
  }
  return { accounts, notices, ...readMappings(configMap) }
}

function readMappings(
  configMap: ManifestObject | undefined,
): Pick<Manifests, 'mappings' | 'badEntries' | 'mappingsProblem'> {
  const none = { mappings: NO_MAPPINGS, badEntries: [], mappingsProblem: undefined }
  if (configMap === undefined) return none
  const subject = `${configMap.place}: ConfigMap ${MAPPINGS_NAME}, key ${MAPPINGS_KEY}`
  const data = configMap.value['data'] ?? {}
  const config = isObject(data) ? (data[MAPPINGS_KEY] ?? '') : data
  if (typeof config !== 'string') return { ...none, mappingsProblem: `${subject}: it is not a text` }
  try {
    const { content, problems } = parseAccountMappings(config)
    return { ...none, mappings: content, badEntries: problems.map((problem) => `${subject}: ${problem}`) }
  } catch (error) {
    if (error instanceof ConfigTextError)
      return { ...none, mappingsProblem: `${subject}: it ${error.message}` }
    throw error
  }
}

function isMappings({ value }: ManifestObject, namespace: string): boolean {
  const metadata = value['metadata']
  if (!isObject(metadata) || metadata['name'] !== MAPPINGS_NAME) return false
  return (metadata['namespace'] || DEFAULT_NAMESPACE) === namespace
}

/** What of an object's metadata is looked at; `namespace` is the one that it would be created in. */
interface ManifestMetadata {
  readonly namespace: string
  readonly name: string
  readonly annotations: Readonly<Record<string, string>>
}

function readMetadata({ value, kind, place }: ManifestObject): ManifestMetadata {
  const metadata = value['metadata']
  if (!isObject(metadata)) throw new ManifestError(place, `the ${kind} has no metadata`)
  const { name, namespace } = metadata
  if (typeof name !== 'string' || name === '')
    throw new ManifestError(place, `the ${kind} has no metadata.name`)
  if (namespace !== undefined && namespace !== null && typeof namespace !== 'string')
    throw new ManifestError(place, `metadata.namespace of ${kind} ${name} is not a text`)
  const annotations = metadata['annotations'] ?? {}
  if (!isObject(annotations))
    throw new ManifestError(place, `metadata.annotations of ${kind} ${name} is not an object`)
  const texts = Object.entries(annotations).map(([key, text]) => {
    if (text !== null && typeof text !== 'string')
      throw new ManifestError(place, `annotation ${key} of ${kind} ${name} is not a text; put it in quotes`)
    return [key, text ?? ''] as const
  })
  return { namespace: namespace || DEFAULT_NAMESPACE, name, annotations: Object.fromEntries(texts) }
}
