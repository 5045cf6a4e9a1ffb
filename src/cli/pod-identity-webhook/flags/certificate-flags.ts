import type { FlagGroup } from '../../engine/flag-table.ts'
import { DNS_LABEL, DNS_SUBDOMAIN, FILE_PATH } from './text-rules.ts'

/** Ten years: no timer runs for that long, so that its limit does not hold. */
const LONG_DURATION = { kind: 'duration', maxMs: 3650 * 24 * 3_600_000 } as const

/** The serving certificate and TLS. */
export const CERTIFICATE_FLAGS = {
  title: 'Certificate and TLS',
  flags: {
    isInCluster: {
      kind: 'boolean',
      name: 'in-cluster',
      default: true,
      help: 'Make the serving certificate, with an authority kept in --tls-secret, and keep the caBundle of --webhook-configuration. With =false, and with --manifests, serve with --tls-cert and --tls-key.',
    },
    certPath: {
      kind: 'string',
      name: 'tls-cert',
      placeholder: 'FILE',
      default: '/etc/webhook/certs/tls.crt',
      accepts: FILE_PATH,
      help: 'Serving certificate in PEM, with its chain, for --in-cluster=false. Read again when it changes.',
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
      help: 'Secret in --namespace that holds the certificate authority; created if it is missing.',
    },
    serviceName: {
      kind: 'string',
      name: 'service-name',
      placeholder: 'NAME',
      default: 'pod-identity-webhook',
      accepts: DNS_LABEL,
      help: 'Service in --namespace by which API servers reach the webhook. Certificates are made for it, and the caBundle of webhooks that name it is kept up to date.',
    },
    webhookConfigurationName: {
      kind: 'string',
      name: 'webhook-configuration',
      placeholder: 'NAME',
      default: 'pod-identity-webhook',
      accepts: DNS_SUBDOMAIN,
      help: 'MutatingWebhookConfiguration whose caBundle is kept up to date.',
    },
    authorityLifetimeMs: {
      ...LONG_DURATION,
      name: 'ca-lifetime',
      default: '8760h',
      help: 'How long an authority made for --in-cluster is valid; at two thirds of that the next one takes over. Under 90 days an alert of deploy/components/monitoring fires before that.',
    },
    leafLifetimeMs: {
      ...LONG_DURATION,
      name: 'leaf-lifetime',
      default: '720h',
      help: 'How long a serving certificate of that authority is valid; it is replaced at two thirds of that. A third of --ca-lifetime at most. Under 21 days an alert of deploy/components/monitoring fires before that.',
    },
    overlapMs: {
      kind: 'duration',
      name: 'ca-overlap',
      default: '10m',
      help: 'How long API servers must trust another authority before certificates of it are served. A third of --leaf-lifetime at most.',
    },
  },
} as const satisfies FlagGroup
