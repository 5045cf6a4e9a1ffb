import { quoteText } from '../../text/quoted-text.ts'
import { API_VERSIONS } from '../plugin/credential-request.ts'
import { parseGoDuration } from './go-duration.ts'
import { type LocatedObject, readField, readObjects, readTexts } from './located.ts'
import { checkPatterns } from './pattern-rules.ts'
import { checkPluginStart, type PluginReader } from './plugin-rules.ts'
import type { Report } from './report.ts'
import { checkTokenAttributes, type TokenAudience } from './token-rules.ts'

const [NEWEST_VERSION = ''] = API_VERSIONS

const CONFIG_GROUP = 'kubelet.config.k8s.io'

const CONFIG_VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `${CONFIG_GROUP}/${version}`)

/** The kind of the kubelet's configuration of its plugins. */
export const CONFIG_KIND = 'CredentialProviderConfig'

const PROVIDER_FIELDS = ['name', 'matchImages', 'defaultCacheDuration', 'apiVersion', 'args', 'env']

/** What other files must agree with. */
export interface ProviderNames {
  /** The names of the providers, each with its line. */
  readonly names: readonly { readonly text: string; readonly line: number }[]
  readonly audiences: readonly TokenAudience[]
}

/**
 * Checks a CredentialProviderConfig by the kubelet's rules, and by what people get wrong.
 *
 * Source: k8s.io/kubernetes/pkg/credentialprovider/plugin/config.go, and the strict decoder of its types.
 */
export function checkProviderConfig(
  config: LocatedObject,
  readPlugin: PluginReader,
  report: Report,
): ProviderNames {
  const version = checkConfigType(config, report)
  checkFields(config, ['kind', 'apiVersion', 'providers'], report)
  const providers = readObjects(config, 'providers', report)
  if (providers.length === 0) {
    report.refuse(
      config.fields.get('providers')?.line ?? config.line,
      'there is no provider',
      'write at least one under providers',
    )
  }
  const seen = new Set<string>()
  const audiences = providers.flatMap((provider) => {
    const name = checkName(provider, report)
    if (name !== '' && seen.has(name)) {
      const line = provider.fields.get('name')?.line ?? provider.line
      report.refuse(line, `the name ${quoteText(name)} is there twice`, 'write each provider once')
    }
    seen.add(name)
    return checkProvider(provider, version, readPlugin, report) ?? []
  })
  const names = providers.flatMap(({ fields }) => {
    const name = fields.get('name')
    return name?.value.kind === 'text' ? [{ text: name.value.text, line: name.line }] : []
  })
  return { names, audiences }
}

/** Checks kind and apiVersion; the version without its group. */
function checkConfigType(config: LocatedObject, report: Report): string {
  const kind = readField(config, 'kind', 'text', report)?.text ?? ''
  const apiVersion = readField(config, 'apiVersion', 'text', report)?.text ?? ''
  if (kind === '') report.refuse(config.line, 'kind is missing', `write kind: ${CONFIG_KIND}`)
  else if (kind !== CONFIG_KIND) {
    const line = config.fields.get('kind')?.line ?? config.line
    report.refuse(line, `kind is ${quoteText(kind)}`, `write kind: ${CONFIG_KIND}`)
  }
  const [newest = ''] = CONFIG_VERSIONS
  if (apiVersion === '') report.refuse(config.line, 'apiVersion is missing', `write apiVersion: ${newest}`)
  else if (!CONFIG_VERSIONS.includes(apiVersion)) {
    const line = config.fields.get('apiVersion')?.line ?? config.line
    report.refuse(line, `apiVersion is ${quoteText(apiVersion)}`, `write apiVersion: ${newest}`)
  }
  return apiVersion.split('/')[1] ?? ''
}

function checkFields(object: LocatedObject, known: readonly string[], report: Report): void {
  for (const [name, { line }] of object.fields) {
    if (known.includes(name)) continue
    const meant = known.find((candidate) => candidate.toLowerCase() === name.toLowerCase())
    const remedy = meant === undefined ? `remove it; there are ${known.join(', ')}` : `write ${meant}`
    report.refuse(line, `there is no field ${quoteText(name)}`, remedy)
  }
}

function checkName(provider: LocatedObject, report: Report): string {
  const name = readField(provider, 'name', 'text', report)?.text ?? ''
  const line = provider.fields.get('name')?.line ?? provider.line
  const remedy = 'write the name of the executable in --image-credential-provider-bin-dir'
  const value = provider.fields.get('name')?.value
  if (name === '' && (value === undefined || value.kind === 'null' || value.kind === 'text'))
    report.refuse(line, 'name is missing', remedy)
  else if (/[/ ]/.test(name)) report.refuse(line, `name ${quoteText(name)} has a slash or a space`, remedy)
  else if (name === '.' || name === '..') report.refuse(line, `name ${quoteText(name)} is a folder`, remedy)
  return name
}

function checkProvider(
  provider: LocatedObject,
  configVersion: string,
  readPlugin: PluginReader,
  report: Report,
): TokenAudience | undefined {
  const hasTokens = configVersion !== 'v1beta1' && configVersion !== 'v1alpha1'
  checkFields(provider, hasTokens ? [...PROVIDER_FIELDS, 'tokenAttributes'] : PROVIDER_FIELDS, report)
  const apiVersion = checkApiVersion(provider, report)
  checkPatterns(provider, { isForEcr: isEcrProvider(provider) }, report)
  checkDuration(provider, report)
  const args = readTexts(provider, 'args', report)
  const variables = readObjects(provider, 'env', report).map((variable) => {
    checkFields(variable, ['name', 'value'], report)
    const text = readField(variable, 'value', 'text', report)?.text ?? ''
    return { name: readField(variable, 'name', 'text', report)?.text ?? '', text, line: variable.line }
  })
  const isOurs = isEcrProvider(provider)
  const roleKeys = isOurs
    ? checkPluginStart({ args, variables, line: provider.line }, readPlugin, report)
    : undefined
  const attributes = hasTokens ? readField(provider, 'tokenAttributes', 'object', report) : undefined
  if (attributes === undefined) return undefined
  const fieldLine = provider.fields.get('tokenAttributes')?.line ?? provider.line
  checkFields(attributes, TOKEN_FIELDS, report)
  if (apiVersion !== '' && apiVersion !== NEWEST_VERSION)
    report.refuse(fieldLine, `tokenAttributes need another apiVersion`, `write apiVersion: ${NEWEST_VERSION}`)
  const names = variables.map(({ name }) => name)
  return checkTokenAttributes(attributes, { line: fieldLine, variables: names, roleKeys }, report)
}

/** This plugin and the one that it replaces, under the names that their releases and packages give them. */
function isEcrProvider({ fields }: LocatedObject): boolean {
  const name = fields.get('name')?.value
  return name?.kind !== 'text' || name.text.startsWith('ecr-credential-provider')
}

const TOKEN_FIELDS = [
  'serviceAccountTokenAudience',
  'cacheType',
  'requireServiceAccount',
  'requiredServiceAccountAnnotationKeys',
  'optionalServiceAccountAnnotationKeys',
]

function checkApiVersion(provider: LocatedObject, report: Report): string {
  const field = provider.fields.get('apiVersion')
  const apiVersion = readField(provider, 'apiVersion', 'text', report)?.text ?? ''
  const remedy = `write apiVersion: ${NEWEST_VERSION}`
  if (field === undefined || field.value.kind === 'null' || field.value.kind === 'text') {
    if (apiVersion === '')
      report.refuse(field?.line ?? provider.line, "the provider's apiVersion is missing", remedy)
    else if (!API_VERSIONS.includes(apiVersion))
      report.refuse(field?.line ?? provider.line, `apiVersion is ${quoteText(apiVersion)}`, remedy)
  }
  return apiVersion
}

/** Checks the duration of a provider, which must be there. */
export function checkDuration(provider: LocatedObject, report: Report): void {
  const field = provider.fields.get('defaultCacheDuration')
  if (field === undefined || field.value.kind === 'null') {
    report.refuse(
      field?.line ?? provider.line,
      'defaultCacheDuration is missing',
      'write defaultCacheDuration: 0s',
    )
    return
  }
  const text = readField(provider, 'defaultCacheDuration', 'text', report)?.text
  if (text === undefined) return
  const duration = parseGoDuration(text)
  const remedy = 'write a duration such as 0s, 30m or 5h'
  if (duration === undefined) report.refuse(field.line, `${quoteText(text)} is no duration`, remedy)
  else if (duration < 0) report.refuse(field.line, `${quoteText(text)} is negative`, remedy)
}
