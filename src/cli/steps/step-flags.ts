import type { FlagGroup, FlagValues } from '../engine/flag-table.ts'

/** How commands that change things in AWS tell of it. */
export const STEP_FLAGS = {
  title: 'What to do with changes',
  flags: {
    isDryRun: {
      kind: 'boolean',
      name: 'dry-run',
      help: 'Change nothing; print an sh script of AWS CLI commands that would make the changes. With AWS credentials it holds what is missing, without them everything.',
    },
    output: {
      kind: 'enum',
      name: 'output',
      short: 'o',
      values: ['text', 'json'],
      default: 'text',
      help: 'Form of the result on stdout; with --dry-run json lists the changes in place of the script.',
    },
  },
} as const satisfies FlagGroup

export type StepChoices = FlagValues<typeof STEP_FLAGS.flags>
