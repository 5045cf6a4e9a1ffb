import type { FlagGroup } from '../../engine/flag-table.ts'

/** What `inject` reads and how it writes. */
export const INPUT_OUTPUT_FLAGS = {
  title: 'Input and output',
  flags: {
    inputs: {
      kind: 'list',
      name: 'filename',
      short: 'f',
      placeholder: 'FILE',
      isCommaSeparated: false,
      help: 'File of YAML or JSON to mutate; - is standard input, which is also read without this flag. May be repeated.',
    },
    output: {
      kind: 'enum',
      name: 'output',
      short: 'o',
      placeholder: 'FORMAT',
      values: ['yaml', 'json', 'patch', 'diff'],
      default: 'yaml',
      help: 'What to write: the mutated objects as yaml or json, the JSON patch of each pod, or the diff.',
    },
  },
} as const satisfies FlagGroup
