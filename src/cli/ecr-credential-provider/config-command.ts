import type { RolesAnywhereSettings, RolesAnywhereSource } from '../../ecr/plugin/credential-source.ts'
import { type Command, defineCommand } from '../engine/command.ts'
import type { FlagGroup, FlagValues } from '../engine/flag-table.ts'
import { UsageError } from '../engine/usage-error.ts'
import { SOURCE_GROUPS } from './source-flags.ts'

const SETUP_FLAGS = {
  title: 'Cluster',
  flags: {
    isKubeadm: {
      kind: 'boolean',
      name: 'kubeadm',
      help: "Nodes are set up by kubeadm: print its part for the kubelet's flags.",
    },
    isK3s: { kind: 'boolean', name: 'k3s', help: 'Nodes run k3s: use the places where it looks.' },
    isEksAnywhere: {
      kind: 'boolean',
      name: 'eks-anywhere',
      help: "Print EKS Anywhere's credential provider package and its secret; takes the flags of IAM Roles Anywhere.",
    },
    clusterName: {
      kind: 'string',
      name: 'cluster-name',
      placeholder: 'NAME',
      accepts: { pattern: /^[a-z\d](?:[-.a-z\d]*[a-z\d])?$/, description: "an EKS Anywhere cluster's name" },
      help: 'Name of the EKS Anywhere cluster.',
    },
    hasServiceAccountTokens: {
      kind: 'boolean',
      name: 'service-account-tokens',
      help: 'Pull with the role of the ServiceAccount of a pod, where it has one: Kubernetes 1.34 or newer.',
    },
  },
} as const satisfies FlagGroup

/** Makes the `config` command. */
export function createConfigCommand(): Command {
  return defineCommand({
    name: 'config',
    summary: "Print the kubelet's configuration for this plugin, its flags, and the RBAC that it needs",
    groups: { setup: SETUP_FLAGS, rolesAnywhere: SOURCE_GROUPS.rolesAnywhere },
    examples: [
      { purpose: 'nodes set up by kubeadm', line: 'ecr-credential-provider config --kubeadm' },
      {
        purpose: "pods' own roles, on k3s",
        line: 'ecr-credential-provider config --k3s --service-account-tokens',
      },
    ],
    async run({ setup, rolesAnywhere }, io) {
      const { renderEksAnywherePackage, renderKubeletConfig } = await import('../../ecr/kubelet-config.ts')
      const source = await readSource(rolesAnywhere)
      const kind = readSetup(setup)
      if (kind !== 'eks-anywhere') {
        const { hasServiceAccountTokens } = setup
        io.stdout.write(renderKubeletConfig({ setup: kind, rolesAnywhere: source, hasServiceAccountTokens }))
        return 0
      }
      if (setup.hasServiceAccountTokens)
        throw new UsageError(
          "EKS Anywhere's package has no service account tokens; leave one of the flags out",
        )
      if (setup.clusterName === undefined || source === undefined)
        throw new UsageError('--eks-anywhere needs --cluster-name and the flags of IAM Roles Anywhere')
      io.stdout.write(renderEksAnywherePackage({ clusterName: setup.clusterName, rolesAnywhere: source }))
      return 0
    },
  })
}

async function readSource(rolesAnywhere: RolesAnywhereSettings): Promise<RolesAnywhereSource | undefined> {
  const { chooseCredentialSource } = await import('../../ecr/plugin/credential-source.ts')
  const request = { serviceAccountToken: undefined, serviceAccountAnnotations: {} }
  const source = chooseCredentialSource(request, { roleArnAnnotations: [], rolesAnywhere }, {})
  return source.kind === 'roles-anywhere' ? source : undefined
}

function readSetup({ isKubeadm, isK3s, isEksAnywhere }: FlagValues<typeof SETUP_FLAGS.flags>) {
  if ([isKubeadm, isK3s, isEksAnywhere].filter(Boolean).length > 1)
    throw new UsageError('--kubeadm, --k3s and --eks-anywhere exclude each other; give one')
  if (isEksAnywhere) return 'eks-anywhere'
  if (isKubeadm) return 'kubeadm'
  return isK3s ? 'k3s' : 'plain'
}
