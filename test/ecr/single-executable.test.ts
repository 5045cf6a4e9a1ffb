import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { startEcrServer } from '../support/ecr-server.ts'
import { buildEnvironment, writeRequest } from '../support/plugin-run.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const skip = existsSync(join(ROOT, 'dist', 'ecr-credential-provider.mjs'))
  ? false
  : 'there is no dist: make build'

t.test('the single executable answers on a machine without Node', { skip }, async (t) => {
  const server = await startEcrServer()
  t.teardown(() => server.close())
  const folder = t.testdir({})
  const program = join(folder, 'ecr-credential-provider')
  // Without what tap's own loader is told through NODE_OPTIONS, which is not for the Node inside.
  const { NODE_OPTIONS: _, ...builder } = process.env
  execFileSync(process.execPath, ['scripts/single-executable.ts', program], {
    cwd: ROOT,
    stdio: 'pipe',
    env: builder,
  })

  const run = async (stdin: string, args: readonly string[] = [], changes: Record<string, string> = {}) => {
    // An empty PATH, an option for another Node, and a folder that holds nothing else.
    const nowhere = { PATH: folder, NODE_OPTIONS: '--no-such-option' }
    const env = { ...buildEnvironment(server), ...nowhere, ...changes }
    const child = spawn(program, args, { env, cwd: folder, stdio: 'pipe' })
    child.stdin.on('error', () => {})
    child.stdin.end(stdin)
    const exit = new Promise<number | null>((resolve) => child.once('close', resolve))
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exit])
    return { stdout, stderr, code }
  }
  t.match(await run(writeRequest(), ['get-credentials', '--v=4']), {
    stdout: /^\{"kind":"CredentialProviderResponse",.*\}\n$/,
    stderr: '',
    code: 0,
  })
  t.match(await run(writeRequest({ image: 'public.ecr.aws/x' })), { stderr: '', code: 0 })
  t.equal(server.calls.length, 2)
  // For a profile the AWS SDK is unpacked, which says that there is none.
  t.match(await run(writeRequest(), [], { AWS_PROFILE: 'absent', AWS_ACCESS_KEY_ID: '' }), {
    stdout: '',
    stderr: /no AWS credentials: .*the profile absent, which AWS_PROFILE names, is in neither/,
    code: 1,
  })
  t.match(await run('{'), { stdout: '', stderr: /^[^\n]+ no JSON\n$/, code: 1 })
  t.match(await run('', ['--version']), { stdout: /^\d+\.\d+\.\d+\n$/, code: 0 })
})
