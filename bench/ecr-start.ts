/**
 * Measures the kubelet's ECR plugin from start to exit against an empty Node process, in the same run: the bundle, and
 * the single executable where there is one.
 *
 * The network is set aside: what a bare HTTPS POST to the same server costs a Node process over an empty one is taken off.
 * Runs alternate; --runs says how many there are of each. A missed aim is shown and is no error.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createAuthority } from '../test/support/certificate-authority.ts'
import { startEcrServer } from '../test/support/ecr-server.ts'
import { buildEnvironment, writeRequest } from '../test/support/plugin-run.ts'
import { formatStartTimes, type TimedCommand, timeCommands } from './process-start.ts'

const AIM = 1.8
const DIST = join(import.meta.dirname, '..', 'dist')
const EXECUTABLE = join(DIST, 'ecr-credential-provider')
const BUNDLE = `${EXECUTABLE}.mjs`
const BARE_POST = `
const ca = process.getBuiltinModule('node:fs').readFileSync(process.env.AWS_CA_BUNDLE)
process.getBuiltinModule('node:https').request(process.argv[1], { method: 'POST', agent: false, ca }, (reply) => {
  reply.setEncoding('utf8').on('data', (text) => process.stdout.write(text))
}).end('{}')
`

const { values } = parseArgs({ options: { runs: { type: 'string', default: '25' } } })
const token = 'pod-token'
const authority = await createAuthority()
const { certificate, key } = await authority.issue({ name: 'CN=localhost', dnsNames: ['127.0.0.1'] })
const folder = mkdtempSync(join(tmpdir(), 'bench-ecr-'))
const caPath = join(folder, 'ca.pem')
writeFileSync(caPath, authority.certificate)
const server = await startEcrServer({ tls: { cert: certificate, key }, acceptedTokens: [token] })
const env = {
  ...buildEnvironment(server),
  AWS_CA_BUNDLE: caPath,
  AWS_ECR_ROLE_ARN: 'arn:aws:iam::111122223333:role/puller',
}
const ask = (changes: Record<string, unknown> = {}) => ({
  env,
  stdin: writeRequest(changes),
  role: 'program' as const,
})
const commands: Record<string, TimedCommand> = {
  empty: { args: ['-e', '0'], role: 'empty' },
  'bare POST': { args: ['-e', BARE_POST, server.url], env, role: 'bare request' },
  '--version': { args: [BUNDLE, '--version'], role: 'offline program' },
  'private image': { args: [BUNDLE], ...ask() },
  'public image': { args: [BUNDLE], ...ask({ image: 'public.ecr.aws/x' }) },
  'private image, pod token': { args: [BUNDLE], ...ask({ serviceAccountToken: token }) },
  ...(existsSync(EXECUTABLE)
    ? { 'private image, single executable': { program: EXECUTABLE, args: [], ...ask() } }
    : {}),
}
console.log(formatStartTimes(commands, await timeCommands(commands, Number(values.runs))))
console.log(`aim: at most ${AIM} of an empty process, network aside`)
await server.close()
rmSync(folder, { recursive: true })
