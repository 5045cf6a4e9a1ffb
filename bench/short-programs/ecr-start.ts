/**
 * Measures the kubelet's ECR plugin from start to exit against an empty Node process, in the same run: the bundle, and
 * the single executable where there is one.
 *
 * The network is set aside: what one or two bare HTTPS POSTs to the same server, as many as the plugin sends, cost a Node
 * process over an empty one is taken off. Runs alternate; --runs says how many there are of each. A missed aim is shown
 * and is no error.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createAuthority } from '../../test/support/certificate-authority.ts'
import { STATIC_CREDENTIALS, startEcrServer } from '../../test/support/ecr-server.ts'
import { buildEnvironment, writeRequest } from '../../test/support/plugin-run.ts'
import {
  PROFILE_ARN,
  ROLE_ARN,
  startRolesAnywhereServer,
  TRUST_ANCHOR_ARN,
} from '../../test/support/roles-anywhere-server.ts'
import { formatStartTimes, type TimedCommand, timeCommands } from './process-start.ts'

const AIM = 1.8
const DIST = join(import.meta.dirname, '..', '..', 'dist')
const EXECUTABLE = join(DIST, 'ecr-credential-provider')
const BUNDLE = `${EXECUTABLE}.mjs`
const BARE_POSTS = `
const ca = process.getBuiltinModule('node:fs').readFileSync(process.env.AWS_CA_BUNDLE)
const post = (left) => process.getBuiltinModule('node:https')
  .request(process.argv[1], { method: 'POST', agent: false, ca }, (reply) => {
    reply.setEncoding('utf8').on('data', (text) => process.stdout.write(text)).on('end', () => left > 1 && post(left - 1))
  }).end('{}')
post(Number(process.argv[2]))
`

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '25' }, bundle: { type: 'string', default: BUNDLE } },
})
const token = 'pod-token'
const authority = await createAuthority()
const { certificate, key } = await authority.issue({ name: 'CN=localhost', dnsNames: ['127.0.0.1'] })
const folder = mkdtempSync(join(tmpdir(), 'bench-ecr-'))
const write = (name: string, text: string) => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const tls = { cert: certificate, key }
const server = await startEcrServer({ tls, acceptedTokens: [token] })
const rolesAnywhere = await startRolesAnywhereServer([authority.certificate], { tls })
const env: Record<string, string> = {
  ...buildEnvironment(server),
  AWS_CA_BUNDLE: write('ca.pem', authority.certificate),
  AWS_ECR_ROLE_ARN: 'arn:aws:iam::111122223333:role/puller',
}
const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...nobody } = env
const { accessKeyId, secretAccessKey } = STATIC_CREDENTIALS
const keys = `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`
const profile = { ...nobody, AWS_SHARED_CREDENTIALS_FILE: write('credentials', `[default]\n${keys}`) }
const node = await authority.issue({ name: 'O=system:nodes,CN=system:node:worker-1' })
const certificatePath = write('node.pem', node.certificate + node.key)
const session = {
  ...nobody,
  AWS_ENDPOINT_URL_ROLESANYWHERE: rolesAnywhere.url,
  AWS_ROLES_ANYWHERE_TRUST_ANCHOR_ARN: TRUST_ANCHOR_ARN,
  AWS_ROLES_ANYWHERE_PROFILE_ARN: PROFILE_ARN,
  AWS_ROLES_ANYWHERE_ROLE_ARN: ROLE_ARN,
  AWS_ROLES_ANYWHERE_CERTIFICATE: certificatePath,
}

/** A run of the plugin: with keys in the environment, for a private image, unless told otherwise. */
function ask(changes: Record<string, unknown> = {}, more: Partial<TimedCommand> = {}): TimedCommand {
  return { args: [values.bundle], env, stdin: writeRequest(changes), role: 'program', ...more }
}

const commands: Record<string, TimedCommand> = {
  empty: { args: ['-e', '0'], role: 'empty' },
  'bare POST': { args: ['-e', BARE_POSTS, server.url, '1'], env, role: 'bare request' },
  'two bare POSTs': { args: ['-e', BARE_POSTS, server.url, '2'], env, role: 'bare request', requests: 2 },
  '--version': { args: [values.bundle, '--version'], role: 'offline program' },
  'private image': ask(),
  'public image': ask({ image: 'public.ecr.aws/x' }),
  "private image, pod's token": ask({ serviceAccountToken: token }, { requests: 2 }),
  'private image, IAM Roles Anywhere': ask({}, { env: session, requests: 2 }),
  'private image, keys of a profile': ask({}, { env: profile }),
  ...(existsSync(EXECUTABLE)
    ? { 'private image, single executable': ask({}, { program: EXECUTABLE, args: [] }) }
    : {}),
}
// ECR takes what Roles Anywhere gives, which counts up.
for (let count = 0; count < Number(values.runs); count++) {
  server.credentials.push({
    accessKeyId: `ASIATEST${String(count).padStart(12, '0')}`,
    secretAccessKey: `secret/${count}+${'s'.repeat(30)}`,
    sessionToken: `token${count}//${'t'.repeat(200)}==`,
  })
}
console.log(formatStartTimes(commands, await timeCommands(commands, Number(values.runs))))
console.log(`aim: at most ${AIM} of an empty process, network aside`)
await Promise.all([server.close(), rolesAnywhere.close()])
rmSync(folder, { recursive: true })
