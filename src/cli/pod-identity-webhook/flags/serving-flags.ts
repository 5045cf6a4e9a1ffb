import type { FlagGroup } from '../../engine/flag-table.ts'

const PORT = { kind: 'integer', placeholder: 'PORT', min: 0, max: 65535 } as const

/** Where the server listens and how it ends. */
export const SERVING_FLAGS = {
  title: 'Serving',
  flags: {
    port: {
      ...PORT,
      name: 'port',
      default: 443,
      help: 'HTTPS port of /mutate, /healthz and /readyz; 0 picks a free one.',
    },
    metricsPort: {
      ...PORT,
      name: 'metrics-port',
      default: 9999,
      help: 'HTTP port of /metrics, /healthz and /readyz; 0 picks a free one.',
    },
    hasDebugHandlers: {
      kind: 'boolean',
      name: 'enable-debugging-handlers',
      help: 'Serve on the metrics port what is known of ServiceAccounts (/debug/alpha/cache), and the last 50 decisions on the status page.',
    },
    shutdownDelayMs: {
      kind: 'duration',
      name: 'shutdown-delay',
      default: '5s',
      help: 'How long to keep serving after SIGTERM, so that every API server learns that this replica is going.',
    },
    shutdownTimeoutMs: {
      kind: 'duration',
      name: 'shutdown-timeout',
      default: '25s',
      help: 'When to exit after SIGTERM at the latest, even with requests in flight.',
    },
  },
} as const satisfies FlagGroup
