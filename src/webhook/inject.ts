import {
  listObjects,
  type ManifestDocument,
  ManifestError,
  parseDocuments,
} from './accounts/manifests/manifest-documents.ts'
import {
  collectManifests,
  MANIFEST_SUFFIXES,
  parseManifestFiles,
} from './accounts/manifests/manifest-files.ts'
import { readFiles } from './files/file-contents.ts'
import type { MutationSettings } from './identity/settings.ts'
import type { Addition } from './offline/additions.ts'
import { editFile } from './offline/edited-file.ts'
import { combineAccounts, openCluster, readContainerCredentials } from './offline/offline-accounts.ts'
import { formatOutput, type OutputFormat } from './offline/output.ts'
import { type PodChange, planPodChange } from './offline/pod-change.ts'
import { findPodTemplate, isCustomGroup } from './offline/pod-template.ts'

/** What `inject` reads and how it writes. */
export interface InjectOptions {
  /** Files, and `-` for standard input. */
  readonly inputs: readonly string[]
  /** Files or folders with ServiceAccounts and the ConfigMap, beside those of the input, which count first. */
  readonly manifests: readonly string[]
  readonly output: OutputFormat
  /** The kubeconfig of a cluster that is asked for the ServiceAccounts that neither has. */
  readonly kubeconfig: string | undefined
  /** Where the ConfigMap is looked for. */
  readonly namespace: string
  readonly isConfigMapWatched: boolean
  readonly containerCredentialsPath: string | undefined
  /** Name of a ConfigMap of the cluster, in `namespace`. */
  readonly containerCredentialsConfigMap: string | undefined
  readonly settings: MutationSettings
  readonly io: {
    readonly stdin: AsyncIterable<string | Uint8Array>
    readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean }
    readonly stderr: { write(text: string): unknown }
    readonly env: Readonly<Record<string, string | undefined>>
  }
}

/** A file of input, parsed. */
interface Input {
  readonly name: string
  readonly text: string
  readonly documents: readonly ManifestDocument[]
}

/**
 * Gives the pods of manifests what the server would give them, and passes everything else through as it came.
 *
 * What comes out goes to stdout once all of it is known; why a pod gets nothing goes to stderr. Rejects with one line,
 * `file:line: what` where input is bad, and has then written nothing.
 */
export async function inject(options: InjectOptions): Promise<void> {
  const { io, output } = options
  const inputs = await readInputs(options)
  const changes = await planChanges(options, inputs)

  const additions = Map.groupBy(changes, ({ object }) => object.document)
  const additionsOf = (document: ManifestDocument): readonly Addition[] =>
    additions.get(document)?.flatMap((change) => change.additions) ?? []
  const files = inputs.map((input) => editFile(input, additionsOf, { isYamlWanted: output === 'yaml' }))

  const rewritten = files.flatMap(({ rewrittenPlaces }) => rewrittenPlaces)
  const remarks = [
    ...changes.flatMap((change) => change.remarks),
    ...rewritten.map(
      (place) => `${place}: warning: the document was written anew, and its comments are lost`,
    ),
  ]
  const isColourWanted = io.stdout.isTTY === true && !io.env['NO_COLOR'] && io.env['TERM'] !== 'dumb'
  io.stdout.write(formatOutput(output, files, changes, { isColourWanted }))
  for (const remark of remarks) io.stderr.write(`${remark}\n`)
}

async function planChanges(options: InjectOptions, inputs: readonly Input[]): Promise<readonly PodChange[]> {
  const { io, settings, kubeconfig } = options
  const objects = inputs.flatMap(({ documents }) => listObjects(documents))
  const given = parseManifestFiles(await readFiles(options.manifests, MANIFEST_SUFFIXES))
  const scope = { ...options, annotationPrefix: settings.annotationPrefix, environment: io.env }
  // Of two of a name the later counts.
  const manifests = collectManifests([...given, ...objects], scope)
  const [problem] = [manifests.mappingsProblem, ...manifests.badEntries].filter((line) => line !== undefined)
  if (problem !== undefined) throw new Error(problem)
  const credentials = await readContainerCredentials(options.containerCredentialsPath)
  const cluster =
    kubeconfig === undefined ? undefined : await openCluster({ ...scope, kubeconfigPath: kubeconfig })
  try {
    const accounts = combineAccounts(manifests, cluster, credentials)
    const changes: PodChange[] = []
    const unknownKinds = new Set<string>()
    for (const object of objects) {
      const template = findPodTemplate(object)
      if (template !== undefined) changes.push(await planPodChange(object, template, accounts, settings))
      else if (isCustomGroup(object.group)) unknownKinds.add(`${object.kind} of ${object.group}`)
    }
    for (const kind of unknownKinds)
      io.stderr.write(
        `${kind}: not changed: it has no pod at spec.template, the one place that is looked at\n`,
      )
    for (const notice of manifests.notices) io.stderr.write(`${notice}\n`)
    return changes
  } finally {
    cluster?.close()
  }
}

async function readInputs({ inputs, io }: InjectOptions): Promise<readonly Input[]> {
  const read: Input[] = []
  for (const path of inputs) {
    const name = path === '-' ? 'stdin' : path
    const text = path === '-' ? await readStream(io.stdin) : await readText(path)
    read.push({ name, text, documents: parseDocuments(name, text) })
  }
  return read
}

async function readText(path: string): Promise<string> {
  const [file] = await readFiles([path])
  if (file?.state === 'read') return file.bytes.toString('utf8')
  throw new ManifestError(path, file?.state === 'unreadable' ? file.cause : 'there is no such file')
}

async function readStream(stream: AsyncIterable<string | Uint8Array>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}
