import type { FlagGroup } from '../../engine/flag-table.ts'

const PRIVATE_KEY = {
  kind: 'string',
  name: 'private-key',
  placeholder: 'FILE',
  help: 'Private key, PEM or DER: PKCS#8, PKCS#1 or SEC 1.',
} as const

const PASSWORD = {
  password: {
    kind: 'string',
    name: 'pkcs8-password',
    placeholder: 'TEXT',
    help: 'Password of an encrypted key. Other users can see it in the process list: a file, or ROLES_ANYWHERE_KEY_PASSWORD, is better.',
  },
  passwordPath: {
    kind: 'string',
    name: 'pkcs8-password-file',
    placeholder: 'FILE',
    help: 'File that holds the password of an encrypted key.',
  },
} as const

/** Certificate and key of a session. */
export const KEY_FLAGS = {
  title: 'Certificate and key',
  flags: {
    certificatePath: {
      kind: 'string',
      name: 'certificate',
      placeholder: 'FILE',
      help: 'Certificate, PEM or DER. Further certificates in a PEM file are sent as intermediates.',
    },
    privateKeyPath: {
      ...PRIVATE_KEY,
      help: `${PRIVATE_KEY.help} Without it, the key is looked for in the file of the certificate.`,
    },
    intermediatesPath: {
      kind: 'string',
      name: 'intermediates',
      placeholder: 'FILE',
      help: 'Certificates between the certificate and that of the trust anchor.',
    },
    ...PASSWORD,
  },
} as const satisfies FlagGroup

/** A key alone. */
export const LONE_KEY_FLAGS = {
  title: 'Key',
  flags: { privateKeyPath: PRIVATE_KEY, ...PASSWORD },
} as const satisfies FlagGroup

/** A certificate alone. */
export const LONE_CERTIFICATE_FLAGS = {
  title: 'Certificate',
  flags: {
    certificatePath: {
      kind: 'string',
      name: 'certificate',
      placeholder: 'FILE',
      help: 'Certificate, PEM or DER. The first of several.',
    },
  },
} as const satisfies FlagGroup
