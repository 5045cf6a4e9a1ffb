import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { setDefaultCACertificates } from 'node:tls'
import t from 'tap'
import { fetchThumbprint } from '../../src/iam/issuer-thumbprint.ts'
import { createAuthority } from '../support/certificate-authority.ts'
import { listenOnLoopback } from '../support/loopback-listener.ts'

const root = await createAuthority({ name: 'CN=Root' })
const intermediate = await root.issue({ name: 'CN=Intermediate', isAuthority: true })
const leaf = await intermediate.issue({ name: 'CN=leaf', dnsNames: ['localhost'] })

// Also for a root that Node trusts, which it would add to a chain that lacks it.
setDefaultCACertificates([root.certificate])

t.test('the thumbprint is that of the last certificate that is served', async (t) => {
  const rows = [
    ['Root', [leaf, intermediate, root], 3],
    ['Intermediate', [leaf, intermediate], 2],
    ['leaf', [leaf], 1],
  ] as const
  for (const [name, chain, count] of rows) {
    const cert = chain.map(({ certificate }) => certificate).join('')
    const server = await listenOnLoopback(() => {}, { cert, key: leaf.key })
    t.teardown(() => server.close())
    const served = await fetchThumbprint('localhost', server.port)
    const { fingerprint } = new X509Certificate(chain.at(-1)?.certificate ?? '')
    t.equal(served.thumbprint, fingerprint.replaceAll(':', '').toLowerCase())
    t.match(served.description, `is that of "${name}", the last of the ${count} certificates`)
  }
})

t.test('a certificate for another name, and no TLS at all, are told in one line', async (t) => {
  const server = await listenOnLoopback(() => {}, { cert: leaf.certificate, key: leaf.key })
  t.teardown(() => server.close())
  await t.rejects(
    fetchThumbprint('127.0.0.1', server.port),
    /^no thumbprint of 127.0.0.1: .*leave --thumbprint out/,
  )
  const closing = createServer((socket) => socket.end('no TLS\n')).listen(0, '127.0.0.1')
  await once(closing, 'listening')
  t.teardown(() => closing.close())
  const { port } = closing.address() as AddressInfo
  await t.rejects(fetchThumbprint('localhost', port), /^no thumbprint of localhost: /)
})
