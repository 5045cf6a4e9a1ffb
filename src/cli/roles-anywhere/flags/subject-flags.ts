import type { FlagTable } from '../../engine/flag-table.ts'

/** Which certificates of a trust anchor's authority may take a role. */
export const SUBJECT_FLAGS = {
  subjectO: {
    kind: 'string',
    name: 'subject-o',
    placeholder: 'TEXT',
    help: "Organisation (O) of the certificate's subject: system:nodes for kubelets.",
  },
  subjectCnLike: {
    kind: 'string',
    name: 'subject-cn-like',
    placeholder: 'PATTERN',
    help: "Common name (CN) of the certificate's subject, with * and ?: system:node:* for kubelets.",
  },
} as const satisfies FlagTable
