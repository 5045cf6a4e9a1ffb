// `make run`: serves the examples until Ctrl-C, with a curl to paste.
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { buildExampleReview } from './example-review.ts'
import { startLocalWebhook } from './local-webhook.ts'

const { values, positionals } = parseArgs({
  options: {
    port: { type: 'string', default: '8443' },
    'metrics-port': { type: 'string', default: '9999' },
  },
  allowPositionals: true,
})
const reviewPath = 'dist/example-review.json'
await mkdir('dist', { recursive: true })
await writeFile(reviewPath, JSON.stringify(await buildExampleReview()))

const webhook = startLocalWebhook({
  port: Number(values.port),
  metricsPort: Number(values['metrics-port']),
  args: ['--log-level=debug', '--enable-debugging-handlers', ...positionals],
  onLine: (line) => process.stdout.write(`${JSON.stringify(line)}\n`),
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => webhook.process.kill('SIGTERM'))
const { port, metricsPort } = await webhook.waitForLine('listening')
process.stderr.write(`
Post the example pod as the API server would (or: make request):

  curl --cacert certs/ca.crt -H 'Content-Type: application/json' --data @${reviewPath} https://localhost:${port}/mutate

Metrics: http://localhost:${metricsPort}/metrics   Stop: Ctrl-C, twice to stop at once

`)
const [code] = await once(webhook.process, 'exit')
process.exitCode = code ?? 1
