import { stringify } from 'yaml'
import { YAML_TEXT } from './accounts/manifests/kubernetes-yaml.ts'
import {
  collectManifests,
  MANIFEST_SUFFIXES,
  parseManifestFiles,
} from './accounts/manifests/manifest-files.ts'
import { readFiles } from './files/file-contents.ts'
import { buildPolicies } from './policy/build-policies.ts'
import type { PolicySettings } from './policy/policy-settings.ts'

/** What `policy` writes, and for what. */
export interface PolicyOptions {
  readonly settings: Omit<PolicySettings, 'mappings'>
  /** Files or folders with the ConfigMap of mappings. */
  readonly manifests: readonly string[]
  /** Where the ConfigMap is looked for. */
  readonly namespace: string
  readonly output: 'yaml' | 'json'
}

/**
 * The longest expression that CEL reads, in characters (cel-go's ExpressionSizeCodePointLimit); what stands beside the
 * mappings in theirs is far under a tenth of it.
 */
const MAX_EXPRESSION_CHARACTERS = 100_000

/** Policies as text. Rejects with one line where the manifests are bad or hold more than a policy can. */
export async function writePolicy(options: PolicyOptions): Promise<string> {
  const { manifests, namespace, output } = options
  const settings = {
    ...options.settings,
    mappings: await readMappings(manifests, namespace, options.settings),
  }
  const objects = buildPolicies(settings)
  const longest = Math.max(...listTexts(objects).map((text) => text.length))
  if (longest > MAX_EXPRESSION_CHARACTERS)
    throw new Error(
      `the ${settings.mappings.length} mappings make an expression of ${longest} characters, and the API server takes ${MAX_EXPRESSION_CHARACTERS}; annotate the ServiceAccounts instead, or run the webhook`,
    )
  if (output === 'json')
    return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }, undefined, 2)}\n`
  return objects.map((object) => stringify(object, YAML_TEXT)).join('---\n')
}

async function readMappings(
  paths: readonly string[],
  namespace: string,
  { mutation }: Pick<PolicySettings, 'mutation'>,
): Promise<PolicySettings['mappings']> {
  const objects = parseManifestFiles(await readFiles(paths, MANIFEST_SUFFIXES))
  const { annotationPrefix } = mutation
  const { mappings, mappingsProblem, badEntries } = collectManifests(objects, {
    annotationPrefix,
    namespace,
    isConfigMapWatched: true,
  })
  const [problem] = [mappingsProblem, ...badEntries].filter((line) => line !== undefined)
  if (problem !== undefined) throw new Error(problem)
  if (paths.length > 0 && mappings.size === 0)
    throw new Error(
      `--manifests holds no ConfigMap pod-identity-webhook of namespace ${namespace} with mappings; give --namespace, or leave --manifests out`,
    )
  return mappings.byPrecedence()
}

function listTexts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(listTexts) : []
}
