import t, { type Test } from 'tap'
import { ManifestError } from '../../../../src/webhook/accounts/manifests/manifest-documents.ts'
import {
  collectManifests,
  parseManifestFiles,
} from '../../../../src/webhook/accounts/manifests/manifest-files.ts'
import type { FileContents } from '../../../../src/webhook/files/file-contents.ts'
import { NO_ANNOTATIONS } from '../../../../src/webhook/identity/account.ts'

const OPTIONS = { annotationPrefix: 'eks.amazonaws.com', namespace: 'eks', isConfigMapWatched: true }

function fileOf(text: string, path = 'm.yaml'): FileContents {
  return { path, state: 'read', bytes: Buffer.from(text) }
}

function collect(texts: string | readonly string[], options = OPTIONS) {
  const files = [texts].flat().map((text, index) => fileOf(text, `m${index}.yaml`))
  return collectManifests(parseManifestFiles(files), options)
}

function account(name: string, role: string, namespace = 'shop'): string {
  return `
apiVersion: v1
kind: ServiceAccount
metadata:
  name: ${name}
  namespace: ${namespace}
  annotations: {eks.amazonaws.com/role-arn: '${role}'}
`
}

function rolesOf(t: Test, texts: string | readonly string[], expected: Record<string, string>): void {
  const { accounts } = collect(texts)
  t.strictSame(Object.fromEntries([...accounts].map(([key, { role }]) => [key, role])), expected)
}

t.test('where ServiceAccounts may stand', async (t) => {
  const json = (name: string) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: 'shop', annotations: { 'eks.amazonaws.com/role-arn': name } },
  })
  t.test('in many documents, empty ones and other kinds between them', async (t) => {
    const others = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n'
    rolesOf(t, [account('a', '1'), '# nothing', others, account('b', '2')].join('\n---\n'), {
      'shop/a': '1',
      'shop/b': '2',
    })
  })
  t.test('in JSON', async (t) => rolesOf(t, JSON.stringify(json('a'), undefined, '\t'), { 'shop/a': 'a' }))
  t.test('in a List', async (t) => {
    const list = {
      apiVersion: 'v1',
      kind: 'List',
      items: [json('a'), { kind: 'List', apiVersion: 'v1', items: [json('b')] }],
    }
    rolesOf(t, JSON.stringify(list), { 'shop/a': 'a', 'shop/b': 'b' })
  })
  t.test('in a ServiceAccountList, whose items may leave out their kind', async (t) => {
    const { metadata } = json('a')
    rolesOf(t, JSON.stringify({ apiVersion: 'v1', kind: 'ServiceAccountList', items: [{ metadata }] }), {
      'shop/a': 'a',
    })
  })
  t.test('in several files', async (t) =>
    rolesOf(t, [account('a', '1'), account('b', '2')], { 'shop/a': '1', 'shop/b': '2' }),
  )
  t.test('with Windows line ends and a byte order mark', async (t) =>
    rolesOf(t, `\uFEFF${account('a', '1').trimStart().replaceAll('\n', '\r\n')}`, { 'shop/a': '1' }),
  )
  t.test('with anchors and merge keys', async (t) =>
    rolesOf(
      t,
      'x: &m {name: a, namespace: shop, annotations: {eks.amazonaws.com/role-arn: r}}\napiVersion: v1\nkind: ServiceAccount\nmetadata: {<<: *m}\n',
      { 'shop/a': 'r' },
    ),
  )
  t.test('another group’s ServiceAccount is another thing', async (t) =>
    rolesOf(t, account('a', '1').replace('v1', 'iam.example.com/v1'), {}),
  )
})

t.test(
  'without a namespace it is in default, without annotations of ours it shares one object',
  async (t) => {
    const { accounts } = collect(
      'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, annotations: {x: z}}',
    )
    t.equal(accounts.get('default/a'), NO_ANNOTATIONS)
  },
)

t.test('of two of a name the later counts, with a notice', async (t) => {
  const { accounts, notices } = collect([account('a', '1'), account('a', '2')])
  t.equal(accounts.get('shop/a')?.role, '2')
  t.strictSame(notices, ['m1.yaml:2: ServiceAccount shop/a takes the place of the one at m0.yaml:2'])
})

t.test('the ConfigMap', async (t) => {
  const configMap = (config: string, namespace = 'eks') =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: pod-identity-webhook, namespace: ${namespace}}\ndata:\n  config: ${config}\n`
  const good = `'{"shop/cart":{"RoleARN":"r"},"bad":{}}'`
  t.test('is read in its namespace, its bad entries named', async (t) => {
    const { mappings, badEntries } = collect(configMap(good))
    t.equal(mappings.find('shop', 'cart')?.role, 'r')
    t.strictSame(badEntries, [
      'm0.yaml:1: ConfigMap pod-identity-webhook, key config: "bad" is not of the form namespace/serviceaccount',
    ])
  })
  t.test('of another namespace or name does not count', async (t) => {
    t.equal(collect(configMap(good, 'kube-system')).mappings.size, 0)
    t.equal(collect(configMap(good).replace('-webhook', '')).mappings.size, 0)
  })
  t.test('is ignored with a notice where it is not watched', async (t) => {
    const { mappings, notices } = collect(configMap(good), { ...OPTIONS, isConfigMapWatched: false })
    t.equal(mappings.size, 0)
    t.match(notices, [
      /^m0.yaml:1: ConfigMap eks\/pod-identity-webhook is ignored without --watch-config-map$/,
    ])
  })
  t.test('that cannot be used is a problem of its own', async (t) => {
    for (const config of ['"{"', '[]', '5']) {
      const { mappings, mappingsProblem } = collect([configMap(config), account('a', '1')])
      t.equal(mappings.size, 0)
      t.match(mappingsProblem, /^m0.yaml:1: ConfigMap pod-identity-webhook, key config: it is not/, config)
    }
  })
})

t.test('bad manifests are refused with file, line and what is wrong', async (t) => {
  const table: readonly (readonly [name: string, text: string, message: RegExp])[] = [
    ['a tab', 'kind: X\nmetadata:\n\tname: a\n', /^m0.yaml:3: Tabs are not allowed/],
    ['an open bracket', 'kind: X\n---\nmetadata: {a\n', /^m0.yaml:4: /],
    [
      'a key twice',
      'kind: ServiceAccount\napiVersion: v1\nkind: X\n',
      /^m0.yaml:3: the key "kind" is there already, in line 1$/,
    ],
    ['text', '# hm\njust text', /^m0.yaml:2: it is no Kubernetes object$/],
    ['a list', '- kind: X', /^m0.yaml:1: it is no Kubernetes object$/],
    ['no kind', '---\nkind: X\n---\nmetadata: {}\n', /^m0.yaml:4: the object has no kind$/],
    ['no metadata', 'kind: ServiceAccount', /^m0.yaml:1: the ServiceAccount has no metadata$/],
    ['no name', 'kind: ServiceAccount\nmetadata: {}', /has no metadata.name$/],
    ['a name that is a number', 'kind: ServiceAccount\nmetadata: {name: 1}', /has no metadata.name$/],
    [
      'a bad namespace',
      'kind: ServiceAccount\nmetadata: {name: a, namespace: 1}',
      /metadata.namespace of ServiceAccount a is not a text$/,
    ],
    [
      'bad annotations',
      'kind: ServiceAccount\nmetadata: {name: a, annotations: [x]}',
      /metadata.annotations of ServiceAccount a is not an object$/,
    ],
    [
      'an annotation without quotes',
      'kind: List\nitems:\n- kind: ServiceAccount\n  metadata: {name: a, annotations: {eks.amazonaws.com/token-expiration: 3600}}',
      /^m0.yaml:3: annotation eks.amazonaws.com\/token-expiration of ServiceAccount a is not a text; put it in quotes$/,
    ],
    ['an alias in itself', 'kind: X\na: &a [*a]\n', /^m0.yaml:1: an alias stands inside what it refers to$/],
    [
      'an alias bomb',
      `kind: X\na: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefgh'].map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefgh'[i]}`)}]`).join('\n')}`,
      /^m0.yaml:1: Excessive alias count/,
    ],
    ['deep nesting', `kind: X\na: ${'['.repeat(50_000)}`, /^m0.yaml:[12]: it is nested too deeply$/],
  ]
  for (const [name, text, message] of table) {
    t.throws(() => collect(text), ManifestError, name)
    t.throws(() => collect(text), { message }, name)
    t.throws(() => collect(text), { message: /^[^\n]*$/ }, name)
  }
  t.throws(() => parseManifestFiles([{ path: 'p', state: 'absent' }]), {
    message: 'p: there is no such file or folder',
  })
  t.throws(() => parseManifestFiles([{ path: 'p', state: 'unreadable', cause: 'why' }]), {
    message: 'p: why',
  })
})

t.test('YAML means what it means to kubectl', async (t) => {
  const table: readonly (readonly [text: string, value: unknown])[] = [
    ['0644', 420],
    ['0o644', 420],
    ['644', 644],
    ['089', 89],
    ['yes', true],
    ['Off', false],
    ['"yes"', 'yes'],
    ['.', '.'],
    ['22:22', '22:22'],
    ['2026-01-01', '2026-01-01'],
    ['1e3', 1000],
    ['~', null],
  ]
  for (const [text, value] of table) {
    const [object] = parseManifestFiles([fileOf(`kind: X\na: ${text}\n`)])
    t.equal(object?.value['a'], value, text)
  }
})

t.test('names of prototypes do no harm', async (t) => {
  const { accounts } = collect(
    'kind: ServiceAccount\nmetadata: {name: constructor, namespace: __proto__, __proto__: {name: b}, annotations: {__proto__: x, eks.amazonaws.com/role-arn: r}}',
  )
  t.strictSame([...accounts.keys()], ['__proto__/constructor'])
  t.equal(({} as { name?: string }).name, undefined)
})
