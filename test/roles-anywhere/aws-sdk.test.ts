import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import t, { type Test } from 'tap'
import { fromRolesAnywhere } from '../../src/roles-anywhere/from-roles-anywhere.ts'
import { createAuthority } from '../support/certificate-authority.ts'
import { buildCommandLine, startServing } from '../support/roles-anywhere-process.ts'
import {
  PROFILE_ARN,
  ROLE_ARN,
  startRolesAnywhereServer,
  TRUST_ANCHOR_ARN,
} from '../support/roles-anywhere-server.ts'

const STS_CALLER = join(import.meta.dirname, '..', 'support', 'sts-caller.ts')
const run = promisify(execFile)
const authority = await createAuthority()
const intermediate = await authority.issue({ name: 'CN=Intermediate', isAuthority: true })
const node = await intermediate.issue({ name: 'O=system:nodes, CN=system:node:one', keyKind: 'rsa' })

/** The service, STS beside it, and a certificate whose file has all in it, as the kubelet's. */
async function setUp(t: Test) {
  const server = await startRolesAnywhereServer([authority.certificate])
  t.teardown(() => server.close())
  const folder = t.testdir({ 'node.pem': node.certificate + intermediate.certificate + node.key })
  const certificatePath = join(folder, 'node.pem')
  const env = { AWS_ENDPOINT_URL_STS: server.url, AWS_REGION: 'eu-central-1', HOME: folder }
  /** What a process of the SDK is to STS in that environment. */
  const callSts = async (more: Readonly<Record<string, string>>) => {
    const { stdout } = await run(process.execPath, [STS_CALLER], { env: { ...env, ...more } })
    return stdout
  }
  return { server, folder, certificatePath, callSts }
}

t.test('a client with fromRolesAnywhere() calls AWS, and shares a session between its calls', async (t) => {
  const { server, certificatePath } = await setUp(t)
  const credentials = fromRolesAnywhere({
    trustAnchorArn: TRUST_ANCHOR_ARN,
    profileArn: PROFILE_ARN,
    roleArn: ROLE_ARN,
    certificateFile: certificatePath,
    endpoint: server.url,
  })
  const sts = new STSClient({ region: 'eu-central-1', endpoint: server.url, credentials })
  const calls = await Promise.all(
    Array.from({ length: 10 }, () => sts.send(new GetCallerIdentityCommand({}))),
  )
  t.match(calls[0]?.Arn, /assumed-role\/image-puller\/ASIATEST0{12}$/)
  await sts.send(new GetCallerIdentityCommand({}))
  t.equal(server.stsCalls.length, 11)
  t.equal(server.received.length, 1)
  sts.destroy()
})

t.test('a session that ends within 5 minutes is renewed by the client', async (t) => {
  const { server, certificatePath } = await setUp(t)
  server.lifetimeSeconds = 200
  const init = { trustAnchorArn: TRUST_ANCHOR_ARN, profileArn: PROFILE_ARN, roleArn: ROLE_ARN }
  const credentials = fromRolesAnywhere({ ...init, certificateFile: certificatePath, endpoint: server.url })
  const sts = new STSClient({ region: 'eu-central-1', endpoint: server.url, credentials })
  for (let call = 0; call < 2; call++) await sts.send(new GetCallerIdentityCommand({}))
  t.ok(server.received.length >= 2)
  sts.destroy()
})

t.test('the provider gives what the SDK expects, or one error that ends a chain', async (t) => {
  const { server, certificatePath } = await setUp(t)
  const lines: unknown[] = []
  const logger = { ...console, debug: (...args: unknown[]) => lines.push(...args) }
  const init = {
    trustAnchorArn: TRUST_ANCHOR_ARN,
    profileArn: PROFILE_ARN,
    roleArn: ROLE_ARN,
    endpoint: server.url,
    logger,
  }
  const identity = await fromRolesAnywhere({
    ...init,
    certificateFile: certificatePath,
    durationSeconds: 900,
    roleSessionName: 'me',
  })()
  const [issued] = server.issued
  t.match(identity, {
    accessKeyId: issued?.accessKeyId,
    expiration: new Date(issued?.expiration ?? ''),
    accountId: '111122223333',
  })
  t.equal(server.received[0]?.body, '{"durationSeconds":900,"roleSessionName":"me"}')
  t.match(lines, [/^fromRolesAnywhere: certificate with serial number/])
  await t.rejects(fromRolesAnywhere({ ...init, certificateFile: '/absent.pem' })(), {
    name: 'RolesAnywhereError',
    tryNextLink: false,
    message: 'cannot read the certificate /absent.pem: there is no such file',
  })
})

t.test('credential_process in a profile', async (t) => {
  const { server, certificatePath, callSts } = await setUp(t)
  const words = buildCommandLine('credential-process', { certificatePath, endpoint: server.url })
  const folder = t.testdir({
    'node.pem': node.certificate + intermediate.certificate + node.key,
    config: `[profile node]\ncredential_process = ${words.join(' ')}\n`,
  })
  t.match(
    await callSts({ AWS_PROFILE: 'node', AWS_CONFIG_FILE: join(folder, 'config') }),
    /image-puller\/ASIATEST/,
  )
  t.equal(server.stsCalls.length, 1)
})

t.test("serve's container endpoint", async (t) => {
  const { server, folder, certificatePath, callSts } = await setUp(t)
  const words = buildCommandLine('serve', { certificatePath, endpoint: server.url })
  const serving = await startServing(
    [...words, '--port=0', '--authorization-token-file', join(folder, 'token')],
    2,
  )
  t.match(await callSts(serving.variables), /image-puller\/ASIATEST/)
  t.match(await callSts(serving.variables), /image-puller\/ASIATEST/)
  t.equal(server.received.length, 1)
  t.equal(await serving.stop(), 0)
})

t.test("serve's instance metadata", async (t) => {
  const { server, certificatePath, callSts } = await setUp(t)
  const words = buildCommandLine('serve', { certificatePath, endpoint: server.url })
  const serving = await startServing([...words, '--port=0', '--imds'], 1)
  t.match(await callSts(serving.variables), /image-puller\/ASIATEST/)
  t.equal(await serving.stop(), 0)
})
