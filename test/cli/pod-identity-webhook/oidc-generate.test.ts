import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runProgram } from '../../../src/cli/engine/program.ts'
import { ACTIONS } from '../../../src/cli/pod-identity-webhook/actions.ts'
import { createProgram } from '../../../src/cli/pod-identity-webhook/program.ts'
import { startOpenIdCluster } from '../../oidc/support/openid-cluster.ts'
import { EC, OTHER_RSA, pathOf, RSA } from '../../oidc/support/signing-keys.ts'
import { runProgramProcess } from '../../support/program-run.ts'
import { captureIo } from '../capture-io.ts'

const ISSUER = '--issuer=https://oidc.example.com/prod'

const generate = (...args: readonly string[]) => runProgramProcess(['oidc', 'generate', ...args])

function readKeys(folder: string): unknown {
  return JSON.parse(readFileSync(join(folder, 'keys.json'), 'utf8')).keys
}

t.test('keys of files, told one change a line; the second time there is none', async (t) => {
  const folder = t.testdir()
  const args = [ISSUER, `--out=${folder}`, `--key=${pathOf('rsa.crt')}`, `--key=${pathOf('p256.pub')}`]
  t.strictSame(await generate(...args), {
    code: 0,
    stdout: `created ${folder}/keys.json: 2 keys: ${RSA.kid}, ${EC.kid}\ncreated ${folder}/.well-known/openid-configuration: issuer https://oidc.example.com/prod, ES256, RS256\n`,
    stderr: '',
  })
  t.strictSame(readKeys(folder), [RSA, EC])
  t.match(await generate(...args), { code: 0, stdout: 'nothing to change\n' })
})

for (const flag of ['--from-cluster', '--from-cluster=false']) {
  t.test(`keys of the cluster, with ${flag}`, async (t) => {
    const cluster = await startOpenIdCluster(t, [RSA, OTHER_RSA])
    const folder = join(cluster.kubeconfigPath, '..', 'out')
    const args = [ISSUER, `--out=${folder}`, `--kubeconfig=${cluster.kubeconfigPath}`, flag, '-o', 'json']
    const { code, stdout } = await generate(...args)
    t.equal(code, 0)
    t.strictSame(JSON.parse(stdout), {
      changes: [
        {
          action: 'create',
          resource: join(folder, 'keys.json'),
          detail: `2 keys: ${RSA.kid}, ${OTHER_RSA.kid}`,
        },
        {
          action: 'create',
          resource: join(folder, '.well-known/openid-configuration'),
          detail: 'issuer https://oidc.example.com/prod, RS256',
        },
      ],
      issuer: 'https://oidc.example.com/prod',
      kids: [RSA.kid, OTHER_RSA.kid],
    })
    t.strictSame(readKeys(folder), [RSA, OTHER_RSA])
  })
}

t.test('--dry-run writes a script and nothing else', async (t) => {
  const folder = t.testdir()
  const args = [ISSUER, `--out=${folder}/out`, `--key=${pathOf('rsa.pub')}`, '--dry-run']
  const { code, stdout } = await generate(...args)
  t.equal(code, 0)
  t.match(stdout, /^#!\/bin\/sh\nset -eu\n\n# 1\. .*keys\.json: 1 key/)
  t.strictSame(readdirSync(folder), [])
})

const WRONG: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [[ISSUER], /^pod-identity-webhook: --out is needed/],
  [['--out=x'], /--issuer is needed/],
  [['--out=x', '--issuer=http://oidc.example.com'], /issuer "http:.*must begin with https:/],
  [['--out=x', ISSUER, '--key=a', '--from-cluster'], /--key and --from-cluster exclude each other/],
]
for (const [args, message] of WRONG) {
  t.test(`a wrong command line: ${args.join(' ')}`, async (t) => {
    const { io, output } = captureIo()
    t.equal(await runProgram(createProgram(ACTIONS), ['oidc', 'generate', ...args], io), 2)
    t.match(output, { stdout: '', stderr: message })
  })
}

t.test('a failure is one line after the progress, exit code 1', async (t) => {
  t.match(await generate(ISSUER, '--out=x', '--key=/nonexistent'), {
    code: 1,
    stdout: '',
    stderr: 'pod-identity-webhook: cannot read the key file /nonexistent (ENOENT)\n',
  })
  t.match(await generate(ISSUER, '--out=x'), {
    code: 1,
    stderr: /no API server is known: .*--kubeconfig FILE, or --key FILE/,
  })
})
