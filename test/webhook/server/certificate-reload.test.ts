import t from 'tap'
import { readTlsSettings } from '../../../src/webhook/certificates/tls-options.ts'
import { checkPair, issueLocalPair } from '../../support/certificates.ts'
import { createHttpsClient, openTls } from '../../support/https-client.ts'
import { serveWebhook } from '../../support/served-webhook.ts'

t.test('under load, certificates are replaced without a lost request or connection', async (t) => {
  const { webhook, port, authority } = await serveWebhook(t)
  const clients = Array.from({ length: 5 }, () => createHttpsClient(port, authority.certificatePem))
  t.teardown(() => {
    for (const client of clients) client.close()
  })
  const load = new AbortController()
  const loads = clients.map(async (client) => {
    const connections = { opened: 0, answered: 0 }
    while (!load.signal.aborted) {
      const { statusCode, isReusedConnection } = await client.postJson('/mutate', '1')
      if (statusCode === 200) connections.answered += 1
      if (!isReusedConnection) connections.opened += 1
    }
    return connections
  })

  const serials: string[] = []
  for (let round = 0; round < 10; round += 1) {
    const pair = checkPair(await issueLocalPair(authority))
    webhook.useCertificate(pair)
    const newcomer = createHttpsClient(port, authority.certificatePem)
    const { certificateSerial } = await newcomer.postJson('/mutate', '1')
    newcomer.close()
    t.equal(certificateSerial, pair.serialNumber, 'a new connection shows the new certificate')
    serials.push(certificateSerial)
  }
  load.abort()
  t.equal(new Set(serials).size, 10)
  for (const { opened, answered } of await Promise.all(loads)) {
    t.equal(opened, 1, 'each client keeps its first connection')
    t.ok(answered > 10, `${answered} answers`)
  }
})

t.test('a reload keeps what the flags ask of handshakes', async (t) => {
  const tls = readTlsSettings({ minVersion: '1.3' })
  const { webhook, port, authority } = await serveWebhook(t, { tls })
  const ca = authority.certificatePem
  for (const moment of ['before', 'after']) {
    await t.rejects(openTls(port, { ca, maxVersion: 'TLSv1.2' }), `TLS 1.2 is refused ${moment}`)
    const socket = await openTls(port, { ca })
    t.equal(socket.getProtocol(), 'TLSv1.3')
    socket.destroy()
    webhook.useCertificate(checkPair(await issueLocalPair(authority)))
  }
})

t.test('a reload keeps the cipher suites, also when the kind of key changes', async (t) => {
  const tls = readTlsSettings({
    cipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
  })
  const { webhook, port, authority } = await serveWebhook(t, { tls })
  const ca = authority.certificatePem
  for (const algorithm of ['ECDSA', 'RSA']) {
    const others = 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256'
    await t.rejects(
      openTls(port, { ca, maxVersion: 'TLSv1.2', ciphers: others }),
      `${algorithm}: others are refused`,
    )
    const socket = await openTls(port, { ca, maxVersion: 'TLSv1.2' })
    t.equal(socket.getCipher().standardName, `TLS_ECDHE_${algorithm}_WITH_AES_256_GCM_SHA384`)
    socket.destroy()
    webhook.useCertificate(checkPair(await issueLocalPair(authority, { keyKind: 'rsa2048' })))
  }
})

t.test('without a certificate handshakes fail, and with the first one they succeed', async (t) => {
  const { webhook, port, authority, client } = await serveWebhook(t, { isCertified: false })
  await t.rejects(openTls(port, { ca: authority.certificatePem }), { code: /ALERT_HANDSHAKE_FAILURE$/ })
  webhook.useCertificate(checkPair(await issueLocalPair(authority)))
  t.equal((await client.postJson('/mutate', '1')).statusCode, 200)
})
