import { type Document, stringify } from 'yaml'
import { YAML_TEXT } from '../accounts/manifests/kubernetes-yaml.ts'

/** How a YAML document is written, for additions to be written alike. */
export interface YamlStyle {
  readonly lineEnd: '\r\n' | '\n'
  /** Whether the dashes of a list stand further in than its key. */
  readonly indentSeq: boolean
  /** Writes a value on one line: as JSON in a document of JSON. */
  readonly formatInline: (value: unknown) => string
}

/** Reads the style of a document; line ends and dashes are those of the whole text. */
export function readStyle(text: string, document: Document.Parsed): YamlStyle {
  return {
    formatInline: isJson(text, document) ? JSON.stringify : formatFlow,
    lineEnd: text.includes('\r\n') ? '\r\n' : '\n',
    indentSeq: !/^( *)[^\s#-].*:[ \t]*\r?\n\1- /m.test(text),
  }
}

function formatFlow(value: unknown): string {
  return stringify(value, { ...YAML_TEXT, collectionStyle: 'flow', flowCollectionPadding: false }).trimEnd()
}

/** Whether a document of a text is written in JSON, all of it. */
export function isJson(text: string, { contents }: Document.Parsed): boolean {
  const [start, end] = contents?.range ?? [0, 0]
  try {
    JSON.parse(text.slice(start, end))
    return true
  } catch {
    return false
  }
}
