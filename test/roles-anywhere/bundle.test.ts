import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { createAuthority } from '../support/certificate-authority.ts'
import {
  PROFILE_ARN,
  ROLE_ARN,
  startRolesAnywhereServer,
  TRUST_ANCHOR_ARN,
} from '../support/roles-anywhere-server.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const PROGRAM = join(ROOT, 'dist', 'roles-anywhere.mjs')
const LIBRARY = join(ROOT, 'dist', 'lib', 'roles-anywhere.mjs')
const run = promisify(execFile)
const skip = existsSync(PROGRAM) && existsSync(LIBRARY) ? false : 'there is no dist: make build'
const authority = await createAuthority()
const node = await authority.issue({ name: 'CN=node' })

t.test('the bundled program runs alone, with no node_modules', { skip }, async (t) => {
  const server = await startRolesAnywhereServer([authority.certificate])
  t.teardown(() => server.close())
  const folder = t.testdir({ 'node.pem': node.certificate + node.key })
  const program = join(folder, 'roles-anywhere.mjs')
  copyFileSync(PROGRAM, program)
  const arns = ['--trust-anchor-arn', TRUST_ANCHOR_ARN, '--profile-arn', PROFILE_ARN, '--role-arn', ROLE_ARN]
  const flags = ['--certificate', join(folder, 'node.pem'), '--endpoint', server.url, ...arns]
  const { stdout } = await run(process.execPath, [program, 'credential-process', ...flags], {
    env: {},
    cwd: folder,
  })
  t.match(JSON.parse(stdout), { Version: 1, AccessKeyId: server.issued[0]?.accessKeyId })
  t.match((await run(process.execPath, [program, '--help'], { env: {} })).stdout, /^Usage: roles-anywhere/)
})

t.test('the library gives fromRolesAnywhere and its types to other programs', { skip }, async (t) => {
  const server = await startRolesAnywhereServer([authority.certificate])
  t.teardown(() => server.close())
  const init = {
    trustAnchorArn: TRUST_ANCHOR_ARN,
    profileArn: PROFILE_ARN,
    roleArn: ROLE_ARN,
    endpoint: server.url,
  }
  const source = (certificateFile: string) => `
    import { fromRolesAnywhere } from 'pod-identity-webhook/roles-anywhere'
    const init = ${JSON.stringify({ ...init, certificateFile })}
    const { accessKeyId, expiration } = await fromRolesAnywhere(init)()
    const text: string = accessKeyId
    console.log(text, expiration instanceof Date)
  `
  const folder = t.testdir({
    'node.pem': node.certificate + node.key,
    'package.json': '{"type":"module"}',
    'wrong.ts': source('x').replace('certificateFile', 'certificate'),
  })
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  symlinkSync(ROOT, join(modules, 'pod-identity-webhook'))
  writeFileSync(join(folder, 'right.ts'), source(join(folder, 'node.pem')))
  t.equal(
    (await run(process.execPath, ['right.ts'], { cwd: folder })).stdout,
    `${server.issued[0]?.accessKeyId} true\n`,
  )
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--skipLibCheck']
  // Without what tap's own loader is told through NODE_OPTIONS: it cannot load an ES module without an ending.
  const compiler = ['-u', 'NODE_OPTIONS', join(ROOT, 'node_modules/.bin/tsc'), '--ignoreConfig']
  const check = (file: string) => run('env', [...compiler, ...flags, file], { cwd: folder })
  await check('right.ts')
  const problem = await check('wrong.ts').catch((error: { readonly stdout: string }) => error)
  t.match(problem.stdout, /certificateFile/)
})
