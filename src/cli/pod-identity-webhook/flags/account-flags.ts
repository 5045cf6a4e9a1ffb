import type { FlagGroup } from '../../engine/flag-table.ts'
import { DNS_LABEL, DNS_SUBDOMAIN, FILE_PATH, HTTP_URL } from './text-rules.ts'

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
  completes: 'namespace',
} as const

const WATCH_CONFIG_MAP = { kind: 'boolean', name: 'watch-config-map' } as const

const CREDENTIALS_CONFIG_MAP = {
  kind: 'string',
  name: 'container-credentials-config-map',
  placeholder: 'NAME',
  accepts: DNS_SUBDOMAIN,
} as const

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
    containerCredentialsConfigMap: {
      ...CREDENTIALS_CONFIG_MAP,
      help: 'ConfigMap in --namespace that lists the ServiceAccounts to give container credentials, under the key config.json. Read by the API, so a change counts for the next pod.',
    },
    lookup: {
      kind: 'enum',
      name: 'service-account-lookup',
      values: ['fresh', 'cached', 'strict'],
      default: 'fresh',
      help: 'How a ServiceAccount is looked up. fresh reads it for each pod, so that what was written a moment ago counts; where the API server does not answer, what was last heard counts. cached believes what was last heard. strict is fresh, but answers HTTP 500 where a pod might go without its credentials, so that failurePolicy decides.',
    },
    lookupTimeoutMs: {
      kind: 'duration',
      name: 'service-account-lookup-timeout',
      default: '250ms',
      help: 'How long fresh waits for the API server where it has heard of the ServiceAccount before.',
    },
    lookupGracePeriodMs: {
      kind: 'duration',
      name: 'service-account-lookup-grace-period',
      default: '100ms',
      help: 'How long a pod may wait for a ServiceAccount that was never heard of; less than 1s counts as 1s.',
    },
    resyncPeriodMs: {
      kind: 'duration',
      name: 'resync-period',
      default: '60s',
      help: 'Accepted and ignored: everything is watched, so nothing has to be read again.',
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
    containerCredentialsConfigMap: {
      ...CREDENTIALS_CONFIG_MAP,
      help: 'ConfigMap in --namespace of the cluster of --kubeconfig that lists them, under the key config.json.',
    },
  },
} as const satisfies FlagGroup
