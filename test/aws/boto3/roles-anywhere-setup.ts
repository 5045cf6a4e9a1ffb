// Run by `make test-aws`: what we make in IAM Roles Anywhere boto3 reads as its own, and we take what it made for ours.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { createAuthority } from '../../support/certificate-authority.ts'
import { runProgramProcess } from '../../support/program-run.ts'
import { startRolesAnywhereApi } from '../../support/roles-anywhere-api.ts'

const python = process.env['PYTHON_WITH_BOTO3'] ?? 'python3'
const run = promisify(execFile)
const ROLE = 'arn:aws:iam::111122223333:role/nodes'

t.test('trust anchors and profiles are what boto3 makes', async (t) => {
  const api = await startRolesAnywhereApi()
  t.teardown(() => api.close())
  const { certificate } = await createAuthority({ name: 'CN=kubernetes' })
  const ensure = (...args: string[]) =>
    runProgramProcess(args, { env: api.env, stdin: certificate, program: 'roles-anywhere' })
  t.equal((await ensure('trust-anchor', 'ensure', 'ours', '--certificate', '-')).code, 0)
  t.equal((await ensure('profile', 'ensure', 'ours', '--role-arn', ROLE)).code, 0)
  const script = join(import.meta.dirname, 'make_anchor.py')
  const { stdout } = await run(python, [script, 'theirs', certificate, ROLE], {
    env: { ...api.env, AWS_DEFAULT_REGION: 'eu-central-1' },
  })
  const { anchors, profiles } = JSON.parse(stdout)
  t.strictSame(anchors.ours.sourceType, anchors.theirs.sourceType)
  t.equal(anchors.ours.sourceData.x509CertificateData.trim(), certificate.trim())
  t.strictSame(profiles, { ours: [ROLE], theirs: [ROLE] })
  const writes = api.calls.filter((call) => !call.startsWith('GET')).length
  const anchor = await ensure('trust-anchor', 'ensure', 'theirs', '--certificate', '-')
  t.match(anchor.stdout, /^nothing to change\n/)
  t.match((await ensure('profile', 'ensure', 'theirs', '--role-arn', ROLE)).stdout, /^nothing to change\n/)
  t.equal(api.calls.filter((call) => !call.startsWith('GET')).length, writes)
})
