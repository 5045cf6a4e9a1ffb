import { type ChildProcess, spawn } from 'node:child_process'
import { createPrivateKey, createPublicKey, hash, verify, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { buffer, text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import manifest from '../../../package.json' with { type: 'json' }
import { createAuthority } from '../../support/certificate-authority.ts'
import {
  PROFILE_ARN,
  ROLE_ARN,
  startRolesAnywhereServer,
  TRUST_ANCHOR_ARN,
} from '../../support/roles-anywhere-server.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const PROGRAM = join(ROOT, 'src', 'bin', 'roles-anywhere.ts')
const VECTORS = join(ROOT, 'test', 'fixtures', 'roles-anywhere')
const vectors = JSON.parse(readFileSync(join(VECTORS, 'vectors.json'), 'utf8')) as {
  readonly serialNumber: string
  readonly certificateData: string
  readonly testSignatures: Readonly<Record<string, string>>
}
const authority = await createAuthority()
const node = await authority.issue({ name: 'CN=node' })
const ARNS = ['--trust-anchor-arn', TRUST_ANCHOR_ARN, '--profile-arn', PROFILE_ARN, '--role-arn', ROLE_ARN]

function start(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [PROGRAM, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = start(args, env)
  const [bytes, stderr, [code]] = await Promise.all([
    child.stdout === null ? Buffer.of() : buffer(child.stdout),
    child.stderr === null ? '' : text(child.stderr),
    once(child, 'exit'),
  ])
  return { code, bytes, stdout: bytes.toString(), stderr }
}

async function setUp(t: Test) {
  const service = await startRolesAnywhereServer([authority.certificate])
  t.teardown(() => service.close())
  const folder = t.testdir({ 'node.pem': node.certificate + node.key })
  const certificatePath = join(folder, 'node.pem')
  return { service, folder, flags: ['--certificate', certificatePath, '--endpoint', service.url, ...ARNS] }
}

t.test('credential-process writes exactly what SDKs read', async (t) => {
  const { service, flags } = await setUp(t)
  const { code, stdout, stderr } = await run(['credential-process', ...flags, '--with-proxy'])
  const [issued] = service.issued
  t.equal(
    stdout,
    `{"Version":1,"AccessKeyId":"${issued?.accessKeyId}","SecretAccessKey":"${issued?.secretAccessKey}","SessionToken":"${issued?.sessionToken}","Expiration":"${issued?.expiration}"}`,
  )
  t.strictSame([code, stderr], [0, ''])
})

t.test('flags are written as the helper takes them, and can come from the environment', async (t) => {
  const { service, flags } = await setUp(t)
  const joined = []
  for (let index = 0; index < flags.length; index += 2) joined.push(`${flags[index]}=${flags[index + 1]}`)
  t.equal(
    (await run(['credential-process', ...joined, '--session-duration=900', '--role-session-name', 'me']))
      .code,
    0,
  )
  t.equal(service.received[0]?.body, '{"durationSeconds":900,"roleSessionName":"me"}')
  const env = {
    AWS_ROLES_ANYWHERE_TRUST_ANCHOR_ARN: TRUST_ANCHOR_ARN,
    AWS_ROLES_ANYWHERE_PROFILE_ARN: PROFILE_ARN,
    AWS_ROLES_ANYWHERE_ROLE_ARN: ROLE_ARN,
    AWS_ROLES_ANYWHERE_CERTIFICATE: flags[1] ?? '',
    AWS_ENDPOINT_URL_ROLESANYWHERE: service.url,
  }
  t.equal((await run(['credential-process'], env)).code, 0)
})

t.test('what goes wrong is exit code 1, nothing on stdout and one line on stderr', async (t) => {
  const { service, flags, folder } = await setUp(t)
  const command = (...more: string[]) => ['credential-process', ...flags, ...more]
  const otherRegion = PROFILE_ARN.replace('eu-central-1', 'us-east-1')
  const cases: [string[], RegExp][] = [
    [['credential-process'], /--trust-anchor-arn ARN is needed/],
    [command('--certificate', join(folder, 'absent')), /cannot read the certificate/],
    [command('--private-key', join(VECTORS, 'leaf.key.pem')), /does not belong to the certificate/],
    [command('--role-arn', 'nonsense'), /"nonsense" is not the ARN of a role/],
    [command('--profile-arn', otherRegion), /they must be in one region/],
    [
      command('--session-duration', '60'),
      /--session-duration is "60"; it takes a whole number from 900 to 43200/,
    ],
    [command('--endpoint', 'http://127.0.0.1:1'), /nothing listens there/],
    [
      command('--role-arn', 'arn:aws:iam::111122223333:role/absent'),
      /AccessDeniedException.*check that the profile/,
    ],
    [
      command('--cert-selector', 'Key=x509Subject,Value=CN=a'),
      /--cert-selector is refused: keys in PKCS#11, TPM and stores/,
    ],
    [command('--pkcs11-lib=/lib/p11.so'), /--pkcs11-lib is refused/],
    [command('--tpm-key-password', 'p'), /--tpm-key-password is refused/],
    [command('--private-key', 'pkcs11:object=a'), /the private key is a PKCS#11 URI, which is not built/],
    [command('--certficate', 'x'), /unknown flag --certficate; did you mean --certificate\?/],
    [['credential-proces'], /unknown command "credential-proces"; did you mean credential-process\?/],
    [['serve', ...flags], /--authorization-token-file FILE is needed/],
    [
      ['serve', ...flags, '--imds', '--hop-limit', '2'],
      /--hop-limit is 2; Node cannot set it, so it must be 64/,
    ],
    [['serve', ...flags, '--imds', '--authorization-token-file', 'x'], /--imds has tokens of its own/],
    [['update', ...flags, '--once', '--retry-errors'], /--once and --retry-errors exclude each other/],
    [['read-certificate-data'], /--certificate FILE is needed/],
    [['sign-string', '--private-key', join(folder, 'absent')], /cannot read the private key/],
    [
      ['sign-string', '--private-key', 'x', '--digest', 'MD5'],
      /--digest is "MD5"; it takes SHA256, SHA384 or SHA512/,
    ],
    [['trust-policy', '--trust-anchor-arn', PROFILE_ARN], /is not the ARN of a trust anchor/],
  ]
  const keyLine = node.key.split('\n')[1] ?? '-'
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await run(args)
    t.strictSame([code, stdout], [1, ''], args.slice(-2).join(' '))
    t.match(stderr, message)
    t.match(stderr, /^roles-anywhere: [^\n]+\n$/)
    t.notOk(stderr.includes(keyLine))
  }
  t.equal(service.issued.length, 0)
})

t.test('an encrypted key: the password by environment, file or flag', async (t) => {
  const { flags } = await setUp(t)
  const key = createEncryptedKey(node.key)
  const folder = t.testdir({ key, password: 'hunter2\n', 'node.pem': node.certificate + node.key })
  const args = ['credential-process', ...flags, '--private-key', join(folder, 'key')]
  t.match(await run(args), { code: 1, stderr: /is encrypted; give its password/ })
  t.match(await run(args, { ROLES_ANYWHERE_KEY_PASSWORD: 'hunter2' }), { code: 0 })
  t.match(await run([...args, '--pkcs8-password-file', join(folder, 'password')]), { code: 0 })
  t.match(await run([...args, '--pkcs8-password', 'hunter2']), { code: 0 })
  const wrong = await run([...args, '--pkcs8-password', 'hunter3'])
  t.match(wrong, { code: 1, stderr: /the password is wrong/ })
  t.notMatch(wrong.stderr, /hunter/)
})

t.test('read-certificate-data and version are the helper’s, byte for byte', async (t) => {
  t.equal(
    (await run(['read-certificate-data', '--certificate', join(VECTORS, 'leaf.pem')])).stdout,
    `{"keyType":"RSA","certificateData":"${vectors.certificateData}","serialNumber":"${vectors.serialNumber}","supportedAlgorithms":["RSASHA256","RSASHA384","RSASHA512"]}`,
  )
  const { folder } = await setUp(t)
  t.match(
    (await run(['read-certificate-data', '--certificate', join(folder, 'node.pem')])).stdout,
    '"keyType":"EC"',
  )
  t.equal((await run(['version'])).stdout, `${manifest.version}\n`)
})

t.test('sign-string signs the helper’s text', async (t) => {
  const sign = (...more: string[]) =>
    run(['sign-string', '--private-key', join(VECTORS, 'leaf.key.pem'), ...more])
  const { SHA256 = '', SHA384, SHA512 } = vectors.testSignatures
  t.equal((await sign()).stdout, `"${SHA256}"`)
  t.equal((await sign('--format', 'text', '--digest=SHA384')).stdout, SHA384)
  t.equal((await sign('--format=text', '--digest', 'SHA512', '--certificate', 'ignored')).stdout, SHA512)
  t.strictSame((await sign('--format', 'bin')).bytes, Buffer.from(SHA256, 'hex'))
  const { folder } = await setUp(t)
  const { bytes } = await run(['sign-string', '--private-key', join(folder, 'node.pem'), '--format', 'bin'])
  const spki = createPublicKey(node.key).export({ type: 'spki', format: 'der' })
  const point = spki.subarray(-65)
  const signed = Buffer.concat([
    Buffer.from('AWS Roles Anywhere Credential Helper Signing Test1'),
    hash('sha256', Buffer.concat([Buffer.from('IAM RA'), point]), 'buffer'),
  ])
  t.ok(verify('sha256', signed, new X509Certificate(node.certificate).publicKey, bytes))
})

t.test('trust-policy conditions the role on the certificate, and warns where it does not', async (t) => {
  const policy = ['trust-policy', '--trust-anchor-arn', TRUST_ANCHOR_ARN]
  const whole = await run([...policy, '--subject-o', 'system:nodes', '--subject-cn-like', 'system:node:*'])
  t.equal(whole.stderr, '')
  t.strictSame(JSON.parse(whole.stdout), {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'rolesanywhere.amazonaws.com' },
        Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
        Condition: {
          ArnEquals: { 'aws:SourceArn': TRUST_ANCHOR_ARN },
          StringEquals: { 'aws:PrincipalTag/x509Subject/O': 'system:nodes' },
          StringLike: { 'aws:PrincipalTag/x509Subject/CN': 'system:node:*' },
        },
      },
    ],
  })
  const open = await run(policy)
  t.equal(open.code, 0)
  t.match(
    open.stderr,
    /^roles-anywhere: warning: every certificate that the trust anchor's CA signs can take the role/,
  )
  t.match((await run([...policy, '--subject-cn-like', '*'])).stderr, /fits every common name/)
})

t.test('serve prints its variables, serves until SIGTERM, and ends with 0', async (t) => {
  const { flags, folder } = await setUp(t)
  const tokenPath = join(folder, 'token')
  const child = start(['serve', ...flags, '--port', '0', '--authorization-token-file', tokenPath])
  const lines: string[] = []
  if (child.stdout !== null) {
    for await (const line of createInterface(child.stdout)) if (lines.push(line) === 2) break
  }
  t.match(lines[0], /^AWS_CONTAINER_CREDENTIALS_FULL_URI=http:\/\/127\.0\.0\.1:\d+\/v1\/credentials$/)
  t.equal(lines[1], `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=${tokenPath}`)
  const url = lines[0]?.replace(/^[^=]+=/, '') ?? ''
  const reply = await fetch(url, { headers: { Authorization: readFileSync(tokenPath, 'utf8') } })
  t.equal(reply.status, 200)
  t.match(await reply.json(), { AccessKeyId: /^ASIA/ })
  child.kill('SIGTERM')
  t.strictSame(await once(child, 'exit'), [0, null])
})

function createEncryptedKey(key: string): string {
  return String(
    createPrivateKey(key).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'hunter2',
    }),
  )
}
