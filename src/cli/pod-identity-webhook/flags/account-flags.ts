import type { FlagGroup } from '../../engine/flag-table.ts'
import { DNS_LABEL, FILE_PATH, HTTP_URL } from './text-rules.ts'

const MANIFESTS = {
  kind: 'list',
  name: 'manifests',
  placeholder: 'PATH',
  isCommaSeparated: false,
} as const

const KUBECONFIG = { kind: 'string', name: 'kubeconfig', placeholder: 'FILE', accepts: FILE_PATH } as const

const NAMESPACE = {
  kind: 'string',
  name: 'namespace',
  placeholder: 'NAMESPACE',
  default: 'eks',
  accepts: DNS_LABEL,
} as const

const WATCH_CONFIG_MAP = { kind: 'boolean', name: 'watch-config-map' } as const

/** Where `serve` learns of ServiceAccounts. */
export const ACCOUNT_FLAGS = {
  title: 'ServiceAccounts',
  flags: {
    kubeconfig: {
      ...KUBECONFIG,
      help: "Kubeconfig of the API server. Without it, and without --kube-api, the pod's own credentials are used.",
    },
    apiServerUrl: {
      kind: 'string',
      name: 'kube-api',
      placeholder: 'URL',
      accepts: HTTP_URL,
      help: 'URL of the API server; wins over the one in --kubeconfig.',
    },
    manifests: {
      ...MANIFESTS,
      help: 'Read ServiceAccounts and the ConfigMap from this file or folder of YAML or JSON instead of an API server. May be repeated.',
    },
    namespace: {
      ...NAMESPACE,
      help: 'Namespace of the webhook: of its ConfigMap, its Service and its Secret.',
    },
    isConfigMapWatched: {
      ...WATCH_CONFIG_MAP,
      help: 'Also map ServiceAccounts to roles by ConfigMap pod-identity-webhook in --namespace.',
    },
    containerCredentialsPath: {
      kind: 'string',
      name: 'watch-container-credentials-config',
      placeholder: 'FILE',
      accepts: FILE_PATH,
      help: 'JSON file that lists the ServiceAccounts to give container credentials. Read again when it changes.',
    },
    lookup: {
      kind: 'enum',
      name: 'service-account-lookup',
      values: ['cached', 'strict'],
      default: 'cached',
      help: 'What a lookup that fails does: cached admits the pod without credentials and warns, strict answers HTTP 500, so that failurePolicy decides.',
    },
    lookupGracePeriodMs: {
      kind: 'duration',
      name: 'service-account-lookup-grace-period',
      default: '100ms',
      help: 'How long a pod may wait for a ServiceAccount that is not known yet.',
    },
    resyncPeriodMs: {
      kind: 'duration',
      name: 'resync-period',
      default: '60s',
      help: 'Accepted and ignored: what the Go webhook reads again at times is watched without a gap.',
    },
  },
} as const satisfies FlagGroup

/** Where `inject` learns of ServiceAccounts, beside its input. */
export const OFFLINE_ACCOUNT_FLAGS = {
  title: 'ServiceAccounts',
  flags: {
    manifests: {
      ...MANIFESTS,
      help: 'File or folder of YAML or JSON with ServiceAccounts, beside those of the input. May be repeated.',
    },
    kubeconfig: { ...KUBECONFIG, help: 'Read ServiceAccounts from the cluster of this kubeconfig.' },
    namespace: { ...NAMESPACE, help: 'Namespace of ConfigMap pod-identity-webhook.' },
    isConfigMapWatched: {
      ...WATCH_CONFIG_MAP,
      help: 'Also map ServiceAccounts to roles by ConfigMap pod-identity-webhook in --namespace.',
    },
    containerCredentialsPath: {
      kind: 'string',
      name: 'container-credentials-config',
      placeholder: 'FILE',
      accepts: FILE_PATH,
      help: 'JSON file that lists the ServiceAccounts to give container credentials.',
    },
  },
} as const satisfies FlagGroup
