import type { SourceSettings } from '../../ecr/plugin/credential-source.ts'
import type { FlagGroup, GroupValues } from '../engine/flag-table.ts'

/** Where AWS credentials come from when the request has no token for which there is a role. */
const ROLES_ANYWHERE_FLAGS = {
  title: 'IAM Roles Anywhere',
  flags: {
    trustAnchorArn: {
      kind: 'string',
      name: 'roles-anywhere-trust-anchor-arn',
      placeholder: 'ARN',
      help: "Trust anchor whose certificate authority issued the node's certificate.",
    },
    profileArn: {
      kind: 'string',
      name: 'roles-anywhere-profile-arn',
      placeholder: 'ARN',
      help: 'Profile that lists the role.',
    },
    roleArn: {
      kind: 'string',
      name: 'roles-anywhere-role-arn',
      placeholder: 'ARN',
      help: 'Role to take.',
    },
    certificatePath: {
      kind: 'string',
      name: 'roles-anywhere-certificate',
      placeholder: 'FILE',
      help: "Certificate, PEM or DER, such as the kubelet's /var/lib/kubelet/pki/kubelet-client-current.pem.",
    },
    privateKeyPath: {
      kind: 'string',
      name: 'roles-anywhere-private-key',
      placeholder: 'FILE',
      help: 'Its private key. Without it, the key is looked for in the file of the certificate.',
    },
    intermediatesPath: {
      kind: 'string',
      name: 'roles-anywhere-intermediates',
      placeholder: 'FILE',
      help: "Certificates between it and the trust anchor's.",
    },
  },
} as const satisfies FlagGroup

const TOKEN_FLAGS = {
  title: 'Service account tokens',
  flags: {
    roleArnAnnotations: {
      kind: 'list',
      name: 'role-arn-annotation',
      isCommaSeparated: false,
      placeholder: 'KEY',
      help: 'Annotation of the ServiceAccount that names the role, looked at after eks.amazonaws.com/ecr-role-arn and before AWS_ECR_ROLE_ARN. May be repeated.',
    },
  },
} as const satisfies FlagGroup

/** The flags that say where AWS credentials come from. */
export const SOURCE_GROUPS = { tokens: TOKEN_FLAGS, rolesAnywhere: ROLES_ANYWHERE_FLAGS }

/** Turns the values of flags into settings. */
export function toSourceSettings({
  tokens,
  rolesAnywhere,
}: GroupValues<typeof SOURCE_GROUPS>): SourceSettings {
  return { roleArnAnnotations: tokens.roleArnAnnotations, rolesAnywhere }
}
