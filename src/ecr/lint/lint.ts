import { quoteText } from '../../text/quoted-text.ts'
import type { ConfigFile } from '../config-files.ts'
import { checkAwsConfig, checkSecret, isAwsConfig } from './aws-config-rules.ts'
import { parseDocuments } from './documents.ts'
import type { Located, LocatedObject } from './located.ts'
import { checkPackage } from './package-rules.ts'
import type { PluginReader } from './plugin-rules.ts'
import { CONFIG_KIND, checkProviderConfig, type ProviderNames } from './provider-rules.ts'
import { type AudienceGrants, createAudienceGrants, warnOfMissingGrant } from './rbac-rules.ts'
import { type Finding, Report } from './report.ts'

interface LintedFile {
  readonly report: Report
  readonly config: ProviderNames | undefined
}

/**
 * Finds what is wrong in the configuration of image credential providers. `sources` are what a user names: a file alone, or
 * the files of a folder, which the kubelet takes as one configuration. Findings are in the order of files and lines.
 */
export function lintFiles(
  sources: readonly (readonly ConfigFile[])[],
  readPlugin: PluginReader,
): readonly Finding[] {
  const grants = createAudienceGrants()
  const folders = sources.map((files) => files.map((file) => lintFile(file, grants, readPlugin)))
  for (const files of folders) reportRepeatedNames(files)
  const linted = folders.flat()
  for (const { report, config } of linted) {
    for (const audience of config?.audiences ?? [])
      if (!grants.allow(audience.audience)) warnOfMissingGrant(audience, report)
  }
  return linted.flatMap(({ report }) => report.findings.toSorted((a, b) => a.line - b.line))
}

function lintFile({ path, text }: ConfigFile, grants: AudienceGrants, readPlugin: PluginReader): LintedFile {
  const report = new Report(path)
  if (isAwsConfig(text)) {
    checkAwsConfig(text, 1, report)
    return { report, config: undefined }
  }
  const documents = parseDocuments(text, report)
  const outcomes = documents.map((document) => ({
    document,
    kind: checkDocument(document, report, { grants, readPlugin }),
  }))
  const configs = outcomes.flatMap(({ kind }) => (typeof kind === 'object' ? [kind] : []))
  const isConfig = ({ kind }: { readonly kind: unknown }) => typeof kind === 'object'
  for (const [index, { document }] of outcomes.entries()) {
    if (index === 0 || !isConfig({ kind: outcomes[index]?.kind })) continue
    const isSecond = outcomes.slice(0, index).some(isConfig)
    const problem = 'the kubelet reads the first document of a file alone'
    if (isSecond) report.warn(document.line, `${problem}, not this one`, 'write one list of providers')
    else report.refuse(document.line, problem, 'write this document first')
  }
  if (report.findings.length === 0 && !outcomes.some(({ kind }) => kind !== 'other'))
    report.refuse(1, `there is no ${CONFIG_KIND}`, `write kind: ${CONFIG_KIND}`)
  return { report, config: configs[0] }
}

/** Checks a document by its kind; gives what a configuration names, else what the document is to this linter. */
function checkDocument(
  document: Located,
  report: Report,
  { grants, readPlugin }: { readonly grants: AudienceGrants; readonly readPlugin: PluginReader },
): ProviderNames | 'checked' | 'other' {
  if (document.kind === 'null') return 'other'
  if (document.kind !== 'object') {
    report.refuse(document.line, 'this is no object', `write a ${CONFIG_KIND}`)
    return 'checked'
  }
  const kind = textOf(document, 'kind')
  if (isProviderConfig(document, kind)) return checkProviderConfig(document, readPlugin, report)
  if (kind === 'Package') checkPackage(document, report)
  else if (kind === 'Secret') checkSecret(document, report)
  else if (kind === 'ClusterRole' || kind === 'Role') grants.addRole(document)
  else if (kind === 'ClusterRoleBinding' || kind === 'RoleBinding') grants.addBinding(document)
  else return 'other'
  return 'checked'
}

function isProviderConfig(document: LocatedObject, kind: string): boolean {
  const isKubeletGroup = textOf(document, 'apiVersion').startsWith('kubelet.config.k8s.io/')
  return kind === '' || kind === CONFIG_KIND || document.fields.has('providers') || isKubeletGroup
}

function textOf(object: LocatedObject, name: string): string {
  const value = object.fields.get(name)?.value
  return value?.kind === 'text' ? value.text : ''
}

/** Within one file, a repeated name is found with the provider; the kubelet takes the files of a folder together. */
function reportRepeatedNames(files: readonly LintedFile[]): void {
  const fileByName = new Map<string, Report>()
  for (const { report, config } of files) {
    for (const { text, line } of config?.names ?? []) {
      const first = fileByName.get(text)
      if (first === undefined) fileByName.set(text, report)
      else if (first !== report)
        report.refuse(
          line,
          `the name ${quoteText(text)} is in ${first.file} too`,
          'write each provider in one file alone',
        )
    }
  }
}
