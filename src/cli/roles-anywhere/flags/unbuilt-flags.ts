import type { FlagGroup } from '../../engine/flag-table.ts'

const HELP = 'Refused: only keys in files are built.'

/** Flags of the helper for keys that are not in files. */
export const UNBUILT_FLAGS = {
  title: 'Refused, as PKCS#11, TPM and stores of operating systems are not built',
  refusal:
    'keys in PKCS#11, TPM and stores of operating systems are not built; use --certificate and --private-key',
  flags: {
    certSelector: { kind: 'string', name: 'cert-selector', help: HELP },
    systemStoreName: { kind: 'string', name: 'system-store-name', help: HELP },
    systemStoreLocation: { kind: 'string', name: 'system-store-location', help: HELP },
    isLatestExpiringUsed: { kind: 'boolean', name: 'use-latest-expiring-certificate', help: HELP },
    pkcs11Library: { kind: 'string', name: 'pkcs11-lib', help: HELP },
    isPinReused: { kind: 'boolean', name: 'reuse-pin', help: HELP },
    tpmKeyPassword: { kind: 'string', name: 'tpm-key-password', help: HELP },
    hasNoTpmKeyPassword: { kind: 'boolean', name: 'no-tpm-key-password', help: HELP },
  },
} as const satisfies FlagGroup

/** Flags of the helper's commands that create no session, and need no certificate here. */
export const INERT_FLAGS = {
  title: 'Accepted and ignored',
  isIgnored: true,
  flags: { isDebug: { kind: 'boolean', name: 'debug', help: 'Accepted for command lines of the helper.' } },
} as const satisfies FlagGroup

/** The same for `sign-string`, for which the helper wants a certificate. */
export const INERT_KEY_FLAGS = {
  ...INERT_FLAGS,
  flags: {
    ...INERT_FLAGS.flags,
    certificatePath: {
      kind: 'string',
      name: 'certificate',
      help: 'Accepted for command lines of the helper.',
    },
  },
} as const satisfies FlagGroup
