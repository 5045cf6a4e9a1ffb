import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { send, startWebhookProcess } from '../support/webhook-process.ts'

/** An address at which nobody listens any more. */
async function findDeafAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `https://127.0.0.1:${port}`
}

t.test(
  'a replica without a certificate is alive, and says over plain HTTP why it is not ready',
  async (t) => {
    const folder = t.testdir({
      kubeconfig: JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'away', cluster: { server: await findDeafAddress() } }],
        contexts: [{ name: 'away', context: { cluster: 'away', user: 'nobody' } }],
        users: [{ name: 'nobody', user: { token: 'none' } }],
        'current-context': 'away',
      }),
      'ca.crt': '',
    })
    const webhook = startWebhookProcess([
      'serve',
      '--in-cluster=true',
      `--kubeconfig=${folder}/kubeconfig`,
      '--namespace=eks',
      '--port=0',
      '--metrics-port=0',
      '--shutdown-delay=0s',
    ])
    t.teardown(() => webhook.child.kill('SIGKILL'))
    const { port, metricsPort } = await webhook.waitForLine((line) => line.msg === 'listening')
    await webhook.waitForLine((line) => /certificates cannot be looked after/.test(line.msg))
    await t.rejects(send({ port: Number(port), caPath: `${folder}/ca.crt` }, { path: '/healthz' }))

    const ask = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${metricsPort}${path}`)
      return { status: response.status, text: await response.text() }
    }
    t.strictSame(await ask('/healthz'), { status: 200, text: 'ok\n' })
    const { status, text } = await ask('/readyz')
    t.equal(status, 503)
    t.match(text, /^accounts: ServiceAccounts have not been listed yet: .*ECONNREFUSED/m)
    t.match(
      text,
      /^certificate: no certificate authority was read from Secret eks\/.*: cannot get .*ECONNREFUSED/m,
    )

    webhook.child.kill('SIGTERM')
    t.strictSame(await webhook.ended, { code: 0, errors: '' })
  },
)
