import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { SECRET } from '../../oidc/verify/support/fake-aws.ts'
import { CLUSTER_TOKEN } from '../../oidc/verify/support/fake-cluster.ts'
import { AUDIENCE, describeIssuer } from '../../oidc/verify/support/healthy-world.ts'
import { DISCOVERY_PAGE, KEYS_PAGE, publish } from '../../oidc/verify/support/issuer-server.ts'
import { useWorld } from '../../oidc/verify/support/use-world.ts'
import { runVerify } from '../../oidc/verify/support/verify-run.ts'

const PROGRAM = join(import.meta.dirname, '..', '..', '..', 'src', 'bin', 'pod-identity-webhook.ts')
const IDS = [
  'issuer-reachable',
  'issuer-matches',
  'keys-published',
  'token-verifies',
  'provider-exists',
  'role-trusts',
  'role-assumable',
]

const ESCAPE = '\u001b'

const world = await useWorld(t)
t.beforeEach(() => world.reset())

async function runProcess(args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [PROGRAM, 'oidc', 'verify', ...args], { env, stdio: 'pipe' })
  child.stdin.end()
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exit])
  return { stdout, stderr, code }
}

t.test(
  'the program says ✓ to everything healthy, where NODE_EXTRA_CA_CERTS names its authority',
  async (t) => {
    const env = { ...world.env, NODE_EXTRA_CA_CERTS: world.caPath }
    const { stdout, stderr, code } = await runProcess(world.fullLine, env)
    t.equal(code, 0, stdout)
    t.strictSame(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ +/).slice(0, 2)),
      IDS.map((id) => ['✓', id]),
    )
    t.equal(stderr, '')
  },
)

t.test('the program does not trust that authority without it, AWS_CA_BUNDLE or not', async (t) => {
  const { stdout, code } = await runProcess(world.fullLine, { ...world.env, AWS_CA_BUNDLE: world.caPath })
  t.equal(code, 1)
  t.match(stdout, /^✗ issuer-reachable .*its certificate is not trusted.* → .*NODE_EXTRA_CA_CERTS/)
})

t.test('JSON is one object of stable members, whatever the checks come to', async (t) => {
  publish(world.issuer, KEYS_PAGE, { keys: [] })
  const { exitCode, stdout, checks } = await runVerify([...world.fullLine, '--output=json'], world.env)
  t.equal(exitCode, 1)
  t.strictSame(Object.keys(JSON.parse(stdout) as object), ['issuer', 'checks'])
  t.equal((JSON.parse(stdout) as { issuer: string }).issuer, world.issuer.url)
  t.strictSame(
    checks.map(({ id }) => id),
    IDS,
  )
  for (const check of checks) {
    t.strictSame(Object.keys(check), ['id', 'status', 'message', 'hint'])
    t.ok(Object.values(check).every((value) => typeof value === 'string' && !value.includes('\n')))
  }
  t.strictSame(
    checks.map(({ status }) => status),
    ['ok', 'ok', 'failed', 'skipped', 'ok', 'ok', 'skipped'],
  )
})

t.test('text is one line a check: sign, name, what was found, what to do', async (t) => {
  publish(world.issuer, KEYS_PAGE, { keys: [] })
  const body = JSON.stringify(describeIssuer(world.issuer.url))
  world.issuer.pages.set(DISCOVERY_PAGE, { headers: { 'content-type': 'text/plain' }, body })
  const { stdout } = await runVerify(world.fullLine, world.env)
  const lines = stdout.trimEnd().split('\n')
  t.equal(lines.length, 7)
  t.match(lines[0], /^! issuer-reachable .*content type.* → serve it as/)
  t.match(lines[1], /^✓ issuer-matches {3}published/)
  t.match(lines[2], /^✗ keys-published {3}.*lists no keys → publish the keys again/)
  t.match(lines[3], /^– token-verifies {3}keys-published failed$/)
  t.match(lines[6], /^– role-assumable {3}STS would refuse: keys-published failed$/)
})

t.test('signs are coloured on a terminal, unless NO_COLOR is set', async (t) => {
  const green = '\u001b[32m✓\u001b[0m issuer-reachable'
  const colourful = await runVerify(world.shortLine, world.env, { isTTY: true })
  t.ok(colourful.stdout.startsWith(green))
  t.match(colourful.stderr, /checking issuer-reachable/)
  const plain = await runVerify(world.shortLine, { ...world.env, NO_COLOR: '1' }, { isTTY: true })
  t.notOk((plain.stdout + plain.stderr).includes(ESCAPE))
  const piped = await runVerify([...world.shortLine, '-o', 'json'], world.env, { isTTY: false })
  t.notOk((piped.stdout + piped.stderr).includes(ESCAPE))
})

t.test('no token, key or secret is ever printed', async (t) => {
  const [pair] = world.cluster.state.pairs
  const privateKey = pair?.privateKey.export({ format: 'jwk' })
  const breakages: readonly (() => void)[] = [
    () => {},
    () => publish(world.issuer, KEYS_PAGE, { keys: [{ ...pair?.jwk, ...privateKey }] }),
    () => Object.assign(world.cluster.state, { claims: { aud: 'other' } }),
  ]
  for (const make of breakages) {
    world.reset()
    make()
    const { stdout, stderr } = await runVerify(world.fullLine, world.env)
    const printed = stdout + stderr
    const secrets = [
      CLUSTER_TOKEN,
      SECRET,
      privateKey?.d,
      privateKey?.p,
      privateKey?.dq,
      ...world.cluster.tokens,
    ]
    for (const secret of secrets) {
      t.notOk(printed.includes(secret ?? 'no secret'))
      for (const part of (secret ?? '').split('.')) t.notOk(part.length > 8 && printed.includes(part))
    }
  }
  t.ok(world.cluster.tokens.length > 0)
  // A token that STS repeats.
  world.reset()
  const repeat = (token: string) =>
    world.aws.state.faults.set('AssumeRoleWithWebIdentity', { code: 'InvalidIdentityToken', message: token })
  repeat(world.cluster.tokens[0] ?? '')
  const { stdout } = await runVerify(world.fullLine, world.env)
  t.match(stdout, /✗ role-assumable .*\[token\]/)
  t.notMatch(stdout, /eyJ/)
})

const ROLE_LINE = ['--issuer', 'https://oidc.test', '--role-arn']
const WRONG: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [[], /--issuer is needed/],
  [['--issuer', 'http://oidc.test'], /must begin with https/],
  [['--issuer', 'https://oidc.test?x'], /no query/],
  [['--issuer', 'https://a.test,https://b.test'], /two issuers, joined by a comma/],
  [['--issuer', 'https://oidc.test', '--service-account', 'app'], /it takes NAMESPACE\/NAME/],
  [['--issuer', 'https://oidc.test', '--service-account', '../a/b'], /it takes NAMESPACE\/NAME/],
  [['--issuer', 'https://oidc.test', '--audience', ''], /--audience is ""/],
  [[...ROLE_LINE, 'app'], /ARN of a role/],
  [[...ROLE_LINE, 'arn:aws:iam::111122223333:user/app'], /ARN of a role/],
  [['--issuer', 'https://oidc.test', '--output', 'yaml'], /text or json/],
]

for (const [args, message] of WRONG) {
  t.test(`a wrong command line is exit code 2: ${args.join(' ')}`, async (t) => {
    const { exitCode, stdout, stderr } = await runVerify(args, world.env)
    t.strictSame({ exitCode, stdout }, { exitCode: 2, stdout: '' })
    t.match(stderr, message)
    t.match(stderr, /^pod-identity-webhook: [^\n]+\n$/)
  })
}

t.test('a kubeconfig that cannot be read is one line, and no check', async (t) => {
  const { exitCode, stdout, stderr } = await runVerify(
    ['--issuer', 'https://oidc.test', '--kubeconfig', '/no/such/file'],
    world.env,
  )
  t.strictSame({ exitCode, stdout }, { exitCode: 1, stdout: '' })
  t.match(stderr, /^pod-identity-webhook: .*\/no\/such\/file[^\n]*\n$/)
})

t.test('the token and the role are for the audience that is asked for', async (t) => {
  world.aws.state.providers.set(world.providerArn, [AUDIENCE, 'sts.amazonaws.com.cn'])
  const line = [...world.fullLine, '--audience', 'sts.amazonaws.com.cn']
  const { stdout, exitCode } = await runVerify(line, world.env)
  t.equal(exitCode, 1)
  t.match(stdout, /✓ token-verifies .* for sts\.amazonaws\.com\.cn verifies/)
  t.match(stdout, /✗ role-trusts .*its aud must be "sts\.amazonaws\.com", and is "sts\.amazonaws\.com\.cn"/)
})
