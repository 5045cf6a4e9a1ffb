import type {
  CreateNodeOptions,
  DocumentOptions,
  ParseOptions,
  ScalarTag,
  SchemaOptions,
  ToStringOptions,
} from 'yaml'

/**
 * kubectl reads YAML 1.1, this library by default 1.2: `defaultMode: 0644` is 420 to a cluster, and `yes` is true. The
 * library's own 1.1 goes further than kubectl's parser: it makes numbers of `.` and `22:22`, and dates of texts.
 */
const LEGACY_OCTAL: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0[0-7]+$/,
  resolve: (text) => Number.parseInt(text, 8),
}

const LEGACY_BOOLEAN: ScalarTag = {
  tag: 'tag:yaml.org,2002:bool',
  default: true,
  test: /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/,
  resolve: (text) => /^(?:y|on)/i.test(text),
}

/** How YAML is parsed so that its values are those that kubectl would send. */
export const KUBERNETES_YAML: ParseOptions & DocumentOptions & SchemaOptions = {
  merge: true,
  prettyErrors: false,
  logLevel: 'silent',
  customTags: (tags) => [LEGACY_OCTAL, LEGACY_BOOLEAN, ...tags],
}

/** How values are written as YAML: texts that YAML 1.1 takes for something else are quoted, and nothing is folded. */
export const YAML_TEXT: DocumentOptions & CreateNodeOptions & ToStringOptions = {
  version: '1.1',
  aliasDuplicateObjects: false,
  lineWidth: 0,
}
