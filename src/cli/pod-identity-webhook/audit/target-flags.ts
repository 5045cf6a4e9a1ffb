import type { FlagGroup } from '../../engine/flag-table.ts'
import { DNS_LABEL } from '../flags/text-rules.ts'

/** Which part of the cluster is looked at, as kubectl names it. */
export const NAMESPACE_FLAG = {
  kind: 'string',
  name: 'namespace',
  short: 'n',
  accepts: DNS_LABEL,
  completes: 'namespace',
} as const

/** Which pods are audited. */
export const TARGET_FLAGS = {
  title: 'What to look at',
  flags: {
    namespace: { ...NAMESPACE_FLAG, help: 'Namespace to look at; all without it.' },
    areAllNamespaces: {
      kind: 'boolean',
      name: 'all-namespaces',
      short: 'A',
      help: 'All namespaces, which is so without --namespace too.',
    },
    labelSelector: {
      kind: 'string',
      name: 'selector',
      short: 'l',
      placeholder: 'SELECTOR',
      help: 'Labels of pods, such as app=cart,tier!=test. ServiceAccounts without pods are not told then.',
    },
    areRolesChecked: {
      kind: 'boolean',
      name: 'aws',
      help: 'Look roles up in IAM too: whether they exist and trust their ServiceAccounts. Takes AWS credentials with iam:GetRole.',
    },
  },
} as const satisfies FlagGroup
