import type { FlagGroup } from '../../engine/flag-table.ts'
import { INJECTION_FLAGS } from './injection-flags.ts'
import { DNS_LABEL } from './text-rules.ts'

const {
  containerCredentialsAudience,
  containerCredentialsMountPath,
  containerCredentialsVolumeName,
  containerCredentialsTokenPath,
  containerCredentialsFullUri,
  ...webIdentityFlags
} = INJECTION_FLAGS.flags

/** What `policy` writes. */
export const POLICY_FLAGS = {
  title: 'Policy',
  flags: {
    output: {
      kind: 'enum',
      name: 'output',
      short: 'o',
      placeholder: 'FORMAT',
      values: ['yaml', 'json'],
      default: 'yaml',
      help: 'How to write the objects.',
    },
    accountSelector: {
      kind: 'string',
      name: 'account-selector',
      placeholder: 'SELECTOR',
      help: 'Look at ServiceAccounts with these labels alone, as kubectl -l takes them: each one that is looked at costs time for every pod of its namespace. With the label eks.amazonaws.com/pod-identity-account in it, a policy is printed too that keeps this label on ServiceAccounts which have a role.',
    },
    hasDebugContainers: {
      kind: 'boolean',
      name: 'debug-containers',
      help: "Also give ephemeral containers, kubectl debug's, what the others of their pod have.",
    },
    manifests: {
      kind: 'list',
      name: 'manifests',
      placeholder: 'PATH',
      isCommaSeparated: false,
      help: 'File or folder of YAML or JSON with ConfigMap pod-identity-webhook, whose mappings are written into the policy. May be repeated.',
    },
    namespace: {
      kind: 'string',
      name: 'namespace',
      placeholder: 'NAMESPACE',
      default: 'eks',
      accepts: DNS_LABEL,
      help: 'Namespace of that ConfigMap.',
    },
    apiVersion: {
      kind: 'enum',
      name: 'api-version',
      values: ['v1', 'v1beta1'],
      default: 'v1',
      help: 'Version of admissionregistration.k8s.io: v1 from Kubernetes 1.36 on; 1.34 and 1.35 have v1beta1, where it is switched on.',
    },
  },
} as const satisfies FlagGroup

/** What pods get, as far as a policy can give it. */
export const POLICY_INJECTION_FLAGS = {
  title: 'Injection',
  flags: webIdentityFlags,
} as const satisfies FlagGroup

const REFUSED = 'Refused: a policy cannot do it.'

/** Flags about container credentials: a policy reads no list, and draws no expiration at random. */
export const REFUSED_CREDENTIALS_FLAGS = {
  title: 'Refused, as a policy gives no container credentials',
  refusal: 'a policy gives no container credentials; run the webhook for ServiceAccounts that use them',
  flags: {
    containerCredentialsAudience,
    containerCredentialsMountPath,
    containerCredentialsVolumeName,
    containerCredentialsTokenPath,
    containerCredentialsFullUri,
    containerCredentialsPath: { kind: 'string', name: 'container-credentials-config', help: REFUSED },
    containerCredentialsWatchedPath: {
      kind: 'string',
      name: 'watch-container-credentials-config',
      help: REFUSED,
    },
    containerCredentialsConfigMap: {
      kind: 'string',
      name: 'container-credentials-config-map',
      help: REFUSED,
    },
  },
} as const satisfies FlagGroup

/** Flags about mappings: a policy watches nothing but ServiceAccounts. */
export const REFUSED_MAPPING_FLAGS = {
  title: 'Refused, as a policy watches no ConfigMap',
  refusal:
    'a policy watches no ConfigMap; write its mappings into the policy with --manifests, and print it again when they change',
  flags: { isConfigMapWatched: { kind: 'boolean', name: 'watch-config-map', help: REFUSED } },
} as const satisfies FlagGroup

/** Flags about a cluster: a policy is written without one. */
export const REFUSED_CLUSTER_FLAGS = {
  title: 'Refused, as a policy asks no API server while it is written',
  refusal:
    'the policy is the same for every cluster; apply what is printed with kubectl, which takes --kubeconfig',
  flags: {
    kubeconfig: { kind: 'string', name: 'kubeconfig', help: REFUSED },
    apiServerUrl: { kind: 'string', name: 'kube-api', help: REFUSED },
  },
} as const satisfies FlagGroup
