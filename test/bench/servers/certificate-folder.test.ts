import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { CertificateFolder } from '../../../bench/servers/certificate-folder.ts'
import type { CertificatePair } from '../../../bench/servers/certificates.ts'

t.test('a swap changes certificate and key together, any number of times', (t) => {
  const parent = t.testdir({
    a: { 'tls.crt': 'certificate a', 'tls.key': 'key a' },
    b: { 'tls.crt': 'certificate b', 'tls.key': 'key b' },
  })
  const findPair = (name: string): CertificatePair => ({
    certPath: join(parent, name, 'tls.crt'),
    keyPath: join(parent, name, 'tls.key'),
  })
  const folder = new CertificateFolder(join(parent, 'mounted'), findPair('a'))
  for (const name of ['a', 'b', 'a', 'b', 'a', 'b', 'a']) {
    folder.swap(findPair(name))
    t.equal(readFileSync(folder.pair.certPath, 'utf8'), `certificate ${name}`)
    t.equal(readFileSync(folder.pair.keyPath, 'utf8'), `key ${name}`)
  }
  t.end()
})
