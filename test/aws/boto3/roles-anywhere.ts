// Run by `make test-aws`: boto3, which is not ours, gets credentials of roles-anywhere in each way and calls STS with them.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { createAuthority } from '../../support/certificate-authority.ts'
import { buildCommandLine, startServing } from '../../support/roles-anywhere-process.ts'
import { startRolesAnywhereServer } from '../../support/roles-anywhere-server.ts'

const python = process.env['PYTHON_WITH_BOTO3'] ?? 'python3'
const run = promisify(execFile)
const authority = await createAuthority()
const node = await authority.issue({ name: 'O=system:nodes, CN=system:node:one' })

async function setUp(t: Test) {
  const server = await startRolesAnywhereServer([authority.certificate])
  t.teardown(() => server.close())
  const folder = t.testdir({ 'node.pem': node.certificate + node.key })
  const place = { certificatePath: join(folder, 'node.pem'), endpoint: server.url }
  const env = { AWS_ENDPOINT_URL_STS: server.url, AWS_DEFAULT_REGION: 'eu-central-1', HOME: folder }
  /** What boto3 is to STS in that environment. */
  const callSts = async (more: Readonly<Record<string, string>>) => {
    const { stdout } = await run(python, [join(import.meta.dirname, 'call_sts.py')], {
      env: { ...env, ...more },
    })
    return stdout
  }
  return { server, folder, place, callSts }
}

t.test('credential_process in a profile', async (t) => {
  const { server, place, callSts } = await setUp(t)
  const config = `[profile node]\ncredential_process = ${buildCommandLine('credential-process', place).join(' ')}\n`
  const folder = t.testdir({ 'node.pem': node.certificate + node.key, config })
  t.match(
    await callSts({ AWS_PROFILE: 'node', AWS_CONFIG_FILE: join(folder, 'config') }),
    /image-puller\/ASIATEST/,
  )
  t.equal(server.stsCalls.length, 1)
})

t.test("serve's container endpoint, with the token file that it made", async (t) => {
  const { server, folder, place, callSts } = await setUp(t)
  const words = buildCommandLine('serve', place)
  const serving = await startServing(
    [...words, '--port=0', '--authorization-token-file', join(folder, 'token')],
    2,
  )
  t.match(await callSts(serving.variables), /image-puller\/ASIATEST/)
  t.equal(server.stsCalls.length, 1)
  t.equal(await serving.stop(), 0)
})

t.test("serve's instance metadata", async (t) => {
  const { server, place, callSts } = await setUp(t)
  const serving = await startServing([...buildCommandLine('serve', place), '--port=0', '--imds'], 1)
  t.match(await callSts(serving.variables), /image-puller\/ASIATEST/)
  t.equal(server.stsCalls.length, 1)
  t.equal(await serving.stop(), 0)
})

t.test('a profile that update wrote', async (t) => {
  const { server, folder, place, callSts } = await setUp(t)
  const path = join(folder, '.aws', 'credentials')
  const [program, ...words] = buildCommandLine('update', place)
  await run(program, [...words, '--once', '--profile', 'node'], {
    env: { AWS_SHARED_CREDENTIALS_FILE: path },
  })
  t.match(await callSts({ AWS_PROFILE: 'node' }), /image-puller\/ASIATEST/)
  t.equal(server.stsCalls.length, 1)
})
