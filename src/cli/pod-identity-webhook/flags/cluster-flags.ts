import type { FlagGroup } from '../../engine/flag-table.ts'
import { FILE_PATH } from './text-rules.ts'

/** Which cluster a command asks. */
export const CLUSTER_FLAGS = {
  title: 'Cluster',
  flags: {
    kubeconfig: {
      kind: 'string',
      name: 'kubeconfig',
      placeholder: 'FILE',
      accepts: FILE_PATH,
      help: "Kubeconfig of the cluster. Without it the pod's own credentials are used, else $KUBECONFIG, else ~/.kube/config.",
    },
    context: {
      kind: 'string',
      name: 'context',
      placeholder: 'NAME',
      completes: 'context',
      help: 'Context of the kubeconfig; by default its current one.',
    },
  },
} as const satisfies FlagGroup
