/**
 * Measures `roles-anywhere credential-process` from start to exit against an empty Node process, in the same run.
 *
 * The network is set aside: what a bare HTTPS POST to the same server costs a Node process over an empty one is taken
 * off. Runs of the three kinds alternate; --runs says how many there are of each. A missed aim is shown and is no error.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createAuthority, type KeyKind } from '../../test/support/certificate-authority.ts'
import {
  PROFILE_ARN,
  ROLE_ARN,
  startRolesAnywhereServer,
  TRUST_ANCHOR_ARN,
} from '../../test/support/roles-anywhere-server.ts'
import { formatStartTimes, type TimedCommand, timeCommands } from './process-start.ts'

const AIM = 1.5
const BUNDLE = join(import.meta.dirname, '..', '..', 'dist', 'roles-anywhere.mjs')
const BARE_POST = `
const { readFileSync } = process.getBuiltinModule('node:fs')
const [url, caPath] = process.argv.slice(2)
const options = { method: 'POST', agent: false, ca: readFileSync(caPath) }
process.getBuiltinModule('node:https').request(url, options, (reply) => {
  reply.setEncoding('utf8').on('data', (text) => process.stdout.write(text))
}).end('{"durationSeconds":3600}')
`

const { values } = parseArgs({ options: { runs: { type: 'string', default: '25' } } })
const folder = mkdtempSync(join(tmpdir(), 'bench-roles-anywhere-'))
const write = (name: string, content: string) => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}
try {
  const authority = await createAuthority()
  const { certificate, key } = await authority.issue({ name: 'CN=localhost', dnsNames: ['127.0.0.1'] })
  const server = await startRolesAnywhereServer([authority.certificate], { tls: { cert: certificate, key } })
  const caPath = write('ca.pem', authority.certificate)
  const env = { AWS_CA_BUNDLE: caPath }
  const commands: Record<string, TimedCommand> = {
    empty: { args: ['-e', '0'], role: 'empty' },
    'bare POST': {
      args: [write('post.mjs', BARE_POST), `${server.url}/sessions`, caPath],
      role: 'bare request',
    },
  }
  for (const keyKind of ['ec', 'rsa'] satisfies KeyKind[]) {
    const leaf = await authority.issue({ name: 'CN=node', keyKind })
    const path = write(`${keyKind}.pem`, leaf.certificate + leaf.key)
    const arns = [
      '--trust-anchor-arn',
      TRUST_ANCHOR_ARN,
      '--profile-arn',
      PROFILE_ARN,
      '--role-arn',
      ROLE_ARN,
    ]
    const flags = ['--certificate', path, '--endpoint', server.url, ...arns]
    const args = [BUNDLE, 'credential-process', ...flags]
    commands[`credential-process ${keyKind}`] = { args, env, role: 'program' }
  }
  console.log(formatStartTimes(commands, await timeCommands(commands, Number(values.runs))))
  console.log(`aim: at most ${AIM} of an empty process, network aside`)
  await server.close()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
