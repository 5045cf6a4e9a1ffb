import { stringify } from 'yaml'
import { parseArn } from '../aws/arn.ts'
import { AUDIENCE_VERB } from './lint/rbac-rules.ts'
import { API_VERSIONS } from './plugin/credential-request.ts'
import { ROLE_ANNOTATION, type RolesAnywhereSource } from './plugin/credential-source.ts'
import { REGISTRY_PATTERNS } from './registry/registry-patterns.ts'

/** The audience that STS wants, unless the role's trust policy says otherwise. */
const TOKEN_AUDIENCE = 'sts.amazonaws.com'

/** What a kubelet is to be configured with. */
export interface KubeletConfigOptions {
  /** How nodes are set up, which decides where the flags go. */
  readonly setup: 'plain' | 'kubeadm' | 'k3s'
  readonly rolesAnywhere: RolesAnywhereSource | undefined
  readonly hasServiceAccountTokens: boolean
}

/** What the package of EKS Anywhere is to be configured with. */
export interface PackageOptions {
  readonly clusterName: string
  readonly rolesAnywhere: RolesAnywhereSource
}

const MATCH_IMAGES = REGISTRY_PATTERNS.map(({ pattern }) => pattern)

const K3S_FOLDER = '/var/lib/rancher/credentialprovider'

const PLACES = {
  plain: {
    config: '/etc/kubernetes/credential-providers.yaml',
    folder: '/usr/local/lib/credential-providers',
  },
  kubeadm: {
    config: '/etc/kubernetes/credential-providers.yaml',
    folder: '/usr/local/lib/credential-providers',
  },
  k3s: { config: `${K3S_FOLDER}/config.yaml`, folder: `${K3S_FOLDER}/bin` },
}

/**
 * Writes the kubelet's configuration and what belongs to it as YAML documents. The CredentialProviderConfig is the first, which
 * is the one that the kubelet reads.
 */
export function renderKubeletConfig(options: KubeletConfigOptions): string {
  const { config, folder } = PLACES[options.setup]
  const flags = [
    `--image-credential-provider-config=${config}`,
    `--image-credential-provider-bin-dir=${folder}`,
  ]
  const documents = [
    comment(
      `On every node: this document is ${config}, the executable is ${folder}/ecr-credential-provider.`,
      options.setup === 'k3s'
        ? 'k3s looks there by itself and needs no flags.'
        : `Flags of the kubelet: ${flags.join(' ')}`,
    ) + toYaml(describeProvider(options)),
  ]
  if (options.setup === 'kubeadm') {
    const kubeletExtraArgs = [
      { name: 'image-credential-provider-config', value: config },
      { name: 'image-credential-provider-bin-dir', value: folder },
    ]
    documents.push(
      comment(
        'Part of the file for kubeadm join --config; InitConfiguration takes the same.',
        'A node that has joined: the flags go into KUBELET_KUBEADM_ARGS of /var/lib/kubelet/kubeadm-flags.env.',
      ) +
        toYaml({
          apiVersion: 'kubeadm.k8s.io/v1beta4',
          kind: 'JoinConfiguration',
          nodeRegistration: { kubeletExtraArgs },
        }),
    )
  }
  if (options.hasServiceAccountTokens) documents.push(...renderRbac())
  return documents.join('---\n')
}

function describeProvider({ rolesAnywhere, hasServiceAccountTokens }: KubeletConfigOptions) {
  const [apiVersion] = API_VERSIONS
  return {
    apiVersion: 'kubelet.config.k8s.io/v1',
    kind: 'CredentialProviderConfig',
    providers: [
      {
        name: 'ecr-credential-provider',
        apiVersion,
        // The plugin says with each password how long it is good for.
        defaultCacheDuration: '0s',
        matchImages: MATCH_IMAGES,
        ...(rolesAnywhere === undefined ? {} : { args: listArguments(rolesAnywhere) }),
        ...(hasServiceAccountTokens
          ? {
              tokenAttributes: {
                serviceAccountTokenAudience: TOKEN_AUDIENCE,
                cacheType: 'ServiceAccount',
                // Static pods have none, and are served by the other credentials.
                requireServiceAccount: false,
                optionalServiceAccountAnnotationKeys: [ROLE_ANNOTATION],
              },
            }
          : {}),
      },
    ],
  }
}

function listArguments(source: RolesAnywhereSource): readonly string[] {
  const flags = {
    'trust-anchor-arn': source.trustAnchorArn,
    'profile-arn': source.profileArn,
    'role-arn': source.roleArn,
    certificate: source.certificatePath,
    'private-key': source.privateKeyPath,
    intermediates: source.intermediatesPath,
  }
  return Object.entries(flags).flatMap(([name, value]) =>
    value === undefined ? [] : [`--roles-anywhere-${name}=${value}`],
  )
}

/** Kubernetes 1.33 and newer let nodes ask only for audiences that RBAC names. */
function renderRbac(): readonly string[] {
  const name = 'ecr-credential-provider-token-audience'
  return [
    comment('Once per cluster, with kubectl apply: nodes may ask for tokens of this audience.') +
      toYaml({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name },
        rules: [{ verbs: [AUDIENCE_VERB], apiGroups: [''], resources: [TOKEN_AUDIENCE] }],
      }),
    toYaml({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' }],
    }),
  ]
}

/**
 * Writes the Package that sets up EKS Anywhere's own credential provider, and the Secret with its AWS config.
 *
 * Source: https://anywhere.eks.amazonaws.com/docs/packages/credential-provider-package/iam_r_a/
 */
export function renderEksAnywherePackage({ clusterName, rolesAnywhere }: PackageOptions): string {
  const secretName = 'ecr-credential-provider-aws-config'
  const controlPlane = {
    key: 'node-role.kubernetes.io/control-plane',
    operator: 'Exists',
    effect: 'NoSchedule',
  }
  const config = {
    tolerations: [controlPlane],
    sourceRegistry: 'public.ecr.aws/eks-anywhere',
    credential: [{ matchImages: MATCH_IMAGES, profile: 'default', secretName, defaultCacheDuration: '5h' }],
  }
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secretName, namespace: 'eksa-packages' },
    stringData: { config: renderAwsConfig(rolesAnywhere) },
  }
  const manifest = {
    apiVersion: 'packages.eks.amazonaws.com/v1alpha1',
    kind: 'Package',
    metadata: {
      name: 'ecr-credential-provider',
      namespace: `eksa-packages-${clusterName}`,
      annotations: { 'helm.sh/resource-policy': 'keep', 'anywhere.eks.aws.com/internal': 'true' },
    },
    spec: {
      packageName: 'credential-provider-package',
      targetNamespace: 'eksa-packages',
      config: toYaml(config),
    },
  }
  return [
    comment(
      'With kubectl apply, before the package: it makes this the AWS configuration of root on each node.',
    ) + toYaml(secret),
    comment('With kubectl apply on the management cluster.') + toYaml(manifest),
  ].join('---\n')
}

/** The package brings the helper along. */
function renderAwsConfig(source: RolesAnywhereSource): string {
  const { trustAnchorArn, profileArn, roleArn, certificatePath, privateKeyPath = certificatePath } = source
  const files = ['--certificate', certificatePath, '--private-key', privateKeyPath]
  const arns = ['--trust-anchor-arn', trustAnchorArn, '--profile-arn', profileArn, '--role-arn', roleArn]
  const region = parseArn(trustAnchorArn)?.region ?? ''
  return [
    '[default]',
    ...(region === '' ? [] : [`region = ${region}`]),
    `credential_process = ${['aws_signing_helper', 'credential-process', ...files, ...arns].join(' ')}`,
    '',
  ].join('\n')
}

function comment(...lines: readonly string[]): string {
  return lines.map((line) => `# ${line}\n`).join('')
}

/** As YAML 1.1, which Kubernetes reads: its further booleans are quoted. */
function toYaml(value: unknown): string {
  return stringify(value, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false })
}
