import type { FlagGroup } from '../../engine/flag-table.ts'

/** How the service is reached. */
export const NETWORK_FLAGS = {
  title: 'Network',
  flags: {
    region: {
      kind: 'string',
      name: 'region',
      placeholder: 'REGION',
      help: 'Region to sign for and to call; by default that of the trust anchor.',
    },
    endpoint: {
      kind: 'string',
      name: 'endpoint',
      placeholder: 'URL',
      help: "URL to call in place of AWS's. AWS_ENDPOINT_URL_ROLESANYWHERE, else AWS_ENDPOINT_URL, without it.",
    },
    isTlsUnverified: {
      kind: 'boolean',
      name: 'no-verify-ssl',
      help: "Accept any certificate of the service. AWS_CA_BUNDLE names a proxy's authority more safely.",
    },
    isWithProxy: {
      kind: 'boolean',
      name: 'with-proxy',
      help: 'Accepted and ignored: HTTPS_PROXY and NO_PROXY count in any case.',
    },
    isDebug: { kind: 'boolean', name: 'debug', help: 'Tell each step on stderr.' },
  },
} as const satisfies FlagGroup
