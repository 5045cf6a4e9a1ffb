import type { FlagGroup } from '../../engine/flag-table.ts'
import { DNS_LABEL, DNS_SUBDOMAIN, FILE_PATH } from './text-rules.ts'

/** The serving certificate and TLS. */
export const CERTIFICATE_FLAGS = {
  title: 'Certificate and TLS',
  flags: {
    isInCluster: {
      kind: 'boolean',
      name: 'in-cluster',
      default: true,
      help: 'Accepted as the Go webhook takes it. This version makes no certificates: with =true as with =false it reads --tls-cert and --tls-key, and with =true a warning says so.',
    },
    certPath: {
      kind: 'string',
      name: 'tls-cert',
      placeholder: 'FILE',
      default: '/etc/webhook/certs/tls.crt',
      accepts: FILE_PATH,
      help: 'Serving certificate in PEM, with its chain. Read again when it changes.',
    },
    keyPath: {
      kind: 'string',
      name: 'tls-key',
      placeholder: 'FILE',
      default: '/etc/webhook/certs/tls.key',
      accepts: FILE_PATH,
      help: 'Private key of the serving certificate in PEM. Read again when it changes.',
    },
    minVersion: {
      kind: 'enum',
      name: 'tls-min-version',
      placeholder: 'VERSION',
      values: ['1.0', '1.1', '1.2', '1.3'],
      aliases: { VersionTLS10: '1.0', VersionTLS11: '1.1', VersionTLS12: '1.2', VersionTLS13: '1.3' },
      default: '1.2',
      help: 'Lowest TLS version to accept: 1.0 to 1.3, or VersionTLS10 to VersionTLS13 as Go names them.',
    },
    cipherSuites: {
      kind: 'list',
      name: 'tls-cipher-suites',
      placeholder: 'NAME,...',
      isCommaSeparated: true,
      help: "Cipher suites of TLS 1.2 and older to accept, by their IANA names. Node's defaults without it.",
    },
    secretName: {
      kind: 'string',
      name: 'tls-secret',
      placeholder: 'NAME',
      default: 'pod-identity-webhook',
      accepts: DNS_SUBDOMAIN,
      help: 'Accepted and not used: this version makes no certificates.',
    },
    serviceName: {
      kind: 'string',
      name: 'service-name',
      placeholder: 'NAME',
      default: 'pod-identity-webhook',
      accepts: DNS_LABEL,
      help: 'Accepted and not used: this version makes no certificates.',
    },
    webhookConfigurationName: {
      kind: 'string',
      name: 'webhook-configuration',
      placeholder: 'NAME',
      default: 'pod-identity-webhook',
      accepts: DNS_SUBDOMAIN,
      help: 'Accepted and not used: this version makes no certificates.',
    },
  },
} as const satisfies FlagGroup
