import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { runProgram } from '../../../src/cli/engine/program.ts'
import { ACTIONS } from '../../../src/cli/pod-identity-webhook/actions.ts'
import { createProgram } from '../../../src/cli/pod-identity-webhook/program.ts'
import { captureIo } from '../capture-io.ts'

async function run(...args: readonly string[]) {
  const { io, output } = captureIo({})
  const code = await runProgram(createProgram(ACTIONS), ['policy', ...args], io)
  return { code, ...output }
}

t.test('the policy and its binding, as YAML and as JSON', async (t) => {
  const { code, stdout, stderr } = await run()
  t.strictSame({ code, stderr }, { code: 0, stderr: '' })
  const objects = parseAllDocuments(stdout).map((document) => document.toJS())
  t.match(objects, [
    { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingAdmissionPolicy' },
    { kind: 'MutatingAdmissionPolicyBinding', spec: { paramRef: { selector: {} } } },
  ])
  const json = JSON.parse((await run('-o', 'json')).stdout)
  t.strictSame(json, { apiVersion: 'v1', kind: 'List', items: objects })
})

t.test('flags of the injection reach the policy', async (t) => {
  const { stdout } = await run(
    '--annotation-prefix=example.com',
    '--token-audience=aud',
    '--token-expiration=7200',
    '--token-mount-path=/tokens/',
    '--aws-default-region=eu-central-1',
    '--sts-regional-endpoint',
    '--compose-role-arn',
    '--aws-account-id=111122223333',
    '--aws-partition=aws-cn',
    '--account-selector=team in (shop,cart)',
    '--api-version=v1beta1',
  )
  for (const text of [
    "'example.com/role-arn'",
    "orValue('aud')",
    "'7200'",
    "'/tokens/token'",
    "'eu-central-1'",
    "'arn:aws-cn:iam::111122223333:role/' + r",
    "!(variables.account[?'example.com/sts-regional-endpoints'].orValue('') in ['0',",
    'operator: In',
    'admissionregistration.k8s.io/v1beta1',
  ])
    t.match(stdout, text)
})

t.test('what a policy cannot do is refused with what to do instead', async (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['--watch-config-map', /--manifests/],
    ['--watch-container-credentials-config=/a', /run the webhook/],
    ['--container-credentials-config-map=a', /run the webhook/],
    ['--container-credentials-full-uri=http://127.0.0.1/', /run the webhook/],
    ['--kubeconfig=/a', /kubectl/],
    ['--compose-role-arn', /--aws-account-id/],
    ['--account-selector=a in b', /kubectl -l/],
    ['--manifests=/does-not-exist', /there is no such file/],
  ]
  for (const [flag, words] of cases) {
    const { code, stdout, stderr } = await run(flag)
    t.not(code, 0, flag)
    t.equal(stdout, '', flag)
    t.match(stderr, words)
    t.equal(stderr.trim().split('\n').length, 1, `${flag}: one line`)
  }
})

async function writeMappings(t: Test, config: unknown): Promise<string> {
  const path = join(t.testdir(), 'config-map.json')
  const metadata = { name: 'pod-identity-webhook', namespace: 'eks' }
  await writeFile(
    path,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { config: JSON.stringify(config) },
    }),
  )
  return path
}

t.test('a ConfigMap of mappings is written into the policy, exact keys before globs', async (t) => {
  const path = await writeMappings(t, {
    '*/cart': { RoleARN: 'any' },
    'team-*/cart': { RoleARN: 'team' },
    'shop/cart': { RoleARN: 'exact', TokenExpiration: 5 },
  })
  const { stdout, code } = await run(`--manifests=${path}`)
  t.equal(code, 0)
  const order = ["'role': 'exact'", "'role': 'team'", "'role': 'any'"].map((text) => stdout.indexOf(text))
  t.ok(order.every((place) => place > 0))
  t.strictSame(
    order,
    order.toSorted((a, b) => a - b),
  )
  t.match(stdout, "'expiration': '600'")
})

t.test('mappings that are bad, missing or too many are refused', async (t) => {
  const many = Object.fromEntries(
    Array.from({ length: 2_000 }, (_, index) => [
      `shop/a-${index}`,
      { RoleARN: `arn:aws:iam::111122223333:role/a-${index}` },
    ]),
  )
  for (const [config, words] of [
    [{ noslash: {} }, /namespace\/serviceaccount/],
    [{}, /no ConfigMap pod-identity-webhook/],
    [many, /annotate the ServiceAccounts instead/],
  ] as const) {
    const { code, stdout, stderr } = await run(`--manifests=${await writeMappings(t, config)}`)
    t.strictSame([code, stdout], [1, ''])
    t.match(stderr, words)
  }
})
