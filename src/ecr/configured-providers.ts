import type { ConfigFile } from './config-files.ts'
import { parseDocuments } from './lint/documents.ts'
import { type LocatedObject, readField, readObjects, readTexts } from './lint/located.ts'
import { Report } from './lint/report.ts'

/** A provider of a CredentialProviderConfig, as far as it can be read. */
export interface ConfiguredProvider {
  readonly name: string
  /** `file:line` */
  readonly place: string
  readonly matchImages: readonly string[]
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Without it the kubelet gives the plugin no token. */
  readonly token: { readonly audience: string; readonly annotationKeys: readonly string[] } | undefined
}

/** The providers of the kubelet's configuration, in its order; what the linter reports is passed over. */
export function readProviders(files: readonly ConfigFile[]): readonly ConfiguredProvider[] {
  return files.flatMap(({ path, text }) => {
    const report = new Report(path)
    const [config] = parseDocuments(text, report)
    if (config?.kind !== 'object') return []
    return readObjects(config, 'providers', report).map((provider) => readProvider(provider, report))
  })
}

function readProvider(provider: LocatedObject, report: Report): ConfiguredProvider {
  const textOf = (object: LocatedObject, name: string) => readField(object, name, 'text', report)?.text ?? ''
  const textsOf = (object: LocatedObject, name: string) =>
    readTexts(object, name, report).map(({ text }) => text)
  const variables = readObjects(provider, 'env', report)
  const attributes = readField(provider, 'tokenAttributes', 'object', report)
  return {
    name: textOf(provider, 'name'),
    place: `${report.file}:${provider.line}`,
    matchImages: textsOf(provider, 'matchImages'),
    args: textsOf(provider, 'args'),
    env: Object.fromEntries(
      variables.map((variable) => [textOf(variable, 'name'), textOf(variable, 'value')]),
    ),
    token:
      attributes === undefined
        ? undefined
        : {
            audience: textOf(attributes, 'serviceAccountTokenAudience'),
            annotationKeys: [
              ...textsOf(attributes, 'requiredServiceAccountAnnotationKeys'),
              ...textsOf(attributes, 'optionalServiceAccountAnnotationKeys'),
            ],
          },
  }
}
