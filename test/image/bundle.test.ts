import { once } from 'node:events'
import { chmodSync, readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:https'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { readImageStart } from '../../scripts/image.ts'
import { ensureDevelopmentCertificates } from '../../src/webhook/certificates/development-certificates.ts'
import { podOf, reviewOf } from '../support/admission-review.ts'
import { buildImageRoot } from '../support/image-build.ts'
import { completeImageRoot, spawnInImageRoot } from '../support/image-root.ts'

const isRoot = process.getuid?.() === 0
const skip = isRoot ? false : 'entering a root file system of our own takes root'

const folder = t.testdir({ certs: {}, root: {}, build: {} })
const root = `${folder}/root`

t.test('the Dockerfile builds from no more than docker is given, and adds little to its base', async (t) => {
  await buildImageRoot(`${folder}/build`, root)
  t.strictSame(readdirSync(root).sort(), ['app', 'webhook'])
  t.strictSame(readdirSync(`${root}/app`).sort(), [
    'LICENSE',
    'THIRD-PARTY-NOTICES.txt',
    'ecr-credential-provider.mjs',
    'ecr-pull-secrets',
    'pod-identity-webhook',
    'pod-identity-webhook.mjs',
    'pod-identity-webhook.mjs.LEGAL.txt',
    'sbom.cdx.json',
  ])
  const sbom = JSON.parse(readFileSync(`${root}/app/sbom.cdx.json`, 'utf8'))
  t.match(sbom, { bomFormat: 'CycloneDX', metadata: { component: { name: 'pod-identity-webhook' } } })
})

t.test(
  'what it builds serves with no node_modules, as a user without rights, on a read-only file system',
  { skip },
  async (t) => {
    await ensureDevelopmentCertificates(`${folder}/certs`, new Date())
    await completeImageRoot(root, {
      'tls.crt': `${folder}/certs/tls.crt`,
      'tls.key': `${folder}/certs/tls.key`,
      'accounts.yaml': 'deploy/examples/service-accounts.yaml',
    })
    // A Secret's volume is readable for the pod's group; here the copy belongs to root.
    chmodSync(`${root}/config/tls.key`, 0o644)

    const webhook = spawnInImageRoot(root, [
      ...readImageStart().defaultArgs,
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
    const [user, group] = readImageStart().user.split(':')
    t.match(status, new RegExp(`^Uid:\\s+${user}\\s+${user}`, 'm'), 'it has no rights')
    t.match(status, new RegExp(`^Gid:\\s+${group}\\s+${group}`, 'm'))
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

    const version = await readOutput(spawnInImageRoot(root, ['--version'], '/webhook'))
    t.match(version, /^\d+\.\d+\.\d+$/, 'the name that the Go webhook has there works too')
    const modules = readdirSync(`${root}/app/pod-identity-webhook`).filter((name) => name.endsWith('.mjs'))
    const loads = modules.map((name) => `await import('/app/pod-identity-webhook/${name}')`)
    const load = ['--eval', [...loads, `console.log('loaded')`].join(';')]
    t.equal(
      await readOutput(spawnInImageRoot(root, load, '--input-type=module')),
      'loaded',
      'all of it loads',
    )
  },
)

/** Standard output of a program that ends well, and says nothing else. */
async function readOutput(program: ReturnType<typeof spawnInImageRoot>): Promise<string> {
  const [output, errors, [code]] = await Promise.all([
    text(program.stdout),
    text(program.stderr),
    once(program, 'exit'),
  ])
  if (code !== 0 || errors !== '') throw new Error(`it ended with ${code}: ${errors}`)
  return output.trim()
}

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
