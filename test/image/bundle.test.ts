import { once } from 'node:events'
import { chmodSync, readFileSync } from 'node:fs'
import { request } from 'node:https'
import { createInterface } from 'node:readline'
import t from 'tap'
import { ensureDevelopmentCertificates } from '../../src/webhook/certificates/development-certificates.ts'
import { podOf, reviewOf } from '../support/admission-review.ts'
import { assembleImageRoot, IMAGE_USER_ID, spawnInImageRoot } from '../support/image-root.ts'

const isRoot = process.getuid?.() === 0
const skip = isRoot ? false : 'entering a root file system of our own takes root'

t.test(
  'the bundle serves with no node_modules, as a user without rights, on a read-only file system',
  { skip },
  async (t) => {
    const folder = t.testdir({ certs: {}, root: {} })
    const root = `${folder}/root`
    await ensureDevelopmentCertificates(`${folder}/certs`, new Date())
    await assembleImageRoot(root, {
      'tls.crt': `${folder}/certs/tls.crt`,
      'tls.key': `${folder}/certs/tls.key`,
      'accounts.yaml': 'deploy/examples/service-accounts.yaml',
    })
    // A Secret's volume is readable for the pod's group; here the copy belongs to root.
    chmodSync(`${root}/config/tls.key`, 0o644)

    const webhook = spawnInImageRoot(root, [
      '/webhook',
      '--in-cluster=false',
      '--tls-cert=/config/tls.crt',
      '--tls-key=/config/tls.key',
      '--manifests=/config/accounts.yaml',
      '--port=0',
      '--metrics-port=0',
      '--shutdown-delay=0s',
    ])
    t.teardown(() => webhook.kill('SIGKILL'))
    let errors = ''
    webhook.stderr.on('data', (chunk) => {
      errors += chunk
    })
    const exited = once(webhook, 'exit')
    const port = await new Promise<number>((resolve, reject) => {
      createInterface({ input: webhook.stdout }).on('line', (line) => {
        const entry = JSON.parse(line)
        if (entry.msg === 'listening') resolve(entry.port)
      })
      void exited.then(() => reject(new Error(`it ended early: ${errors}`)))
    })

    const status = readFileSync(`/proc/${webhook.pid}/status`, 'utf8')
    t.match(status, new RegExp(`^Uid:\\s+${IMAGE_USER_ID}\\s+${IMAGE_USER_ID}`, 'm'), 'it has no rights')
    t.match(status, /^CapEff:\s+0{16}$/m, 'and no capabilities')
    const mounts = readFileSync(`/proc/${webhook.pid}/mountinfo`, 'utf8').trim().split('\n')
    t.ok(
      mounts.every((mount) => / ro[, ]/.test(mount)),
      'all that it sees is read-only',
    )

    const answer = await post(port, readFileSync(`${folder}/certs/ca.crt`))
    t.equal(answer.response.patchType, 'JSONPatch')
    t.equal(answer.response.auditAnnotations.reason, 'role_annotation')

    webhook.kill('SIGTERM')
    t.strictSame(await exited, [0, null])
    t.equal(errors, '', 'nothing on stderr')
  },
)

function post(port: number, ca: Buffer) {
  return new Promise<{ response: { patchType?: string; auditAnnotations: { reason: string } } }>(
    (resolve, reject) => {
      const headers = { 'content-type': 'application/json' }
      const call = request(
        { host: 'localhost', port, path: '/mutate', method: 'POST', ca, headers },
        async (response) => {
          const chunks: Buffer[] = []
          for await (const chunk of response) chunks.push(chunk)
          resolve(JSON.parse(Buffer.concat(chunks).toString()))
        },
      )
      call.on('error', reject)
      call.end(JSON.stringify(reviewOf(podOf())))
    },
  )
}
