import type { KeySource } from '../../../oidc/documents/key-source.ts'
import type { FlagGroup, FlagValues } from '../../engine/flag-table.ts'
import { UsageError } from '../../engine/usage-error.ts'
import type { CLUSTER_FLAGS } from '../flags/cluster-flags.ts'

/** Which keys an issuer has. */
export const KEY_FLAGS = {
  title: 'Keys',
  flags: {
    isFromCluster: {
      kind: 'boolean',
      name: 'from-cluster',
      help: 'Take the keys from the API server (/openid/v1/jwks), as without --key.',
    },
    keyPaths: {
      kind: 'list',
      name: 'key',
      placeholder: 'FILE',
      isCommaSeparated: false,
      help: 'File of public keys or certificates in PEM; no cluster is asked then. May be repeated.',
    },
    isEmptyKidListed: {
      kind: 'boolean',
      name: 'legacy-empty-kid',
      help: 'List each key once more with an empty kid, for the tokens of API servers before Kubernetes 1.16.',
    },
  },
} as const satisfies FlagGroup

/** Throws a UsageError on flags that contradict each other. */
export function toKeySource(
  { isFromCluster, keyPaths, isEmptyKidListed }: FlagValues<typeof KEY_FLAGS.flags>,
  { kubeconfig, context }: FlagValues<typeof CLUSTER_FLAGS.flags>,
): KeySource {
  if (keyPaths.length === 0)
    return { origin: { kind: 'cluster', kubeconfigPath: kubeconfig, context }, isEmptyKidListed }
  if (isFromCluster) throw new UsageError('--key and --from-cluster exclude each other: give one of them')
  return { origin: { kind: 'files', paths: keyPaths }, isEmptyKidListed }
}
