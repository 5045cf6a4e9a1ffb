import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { stringify } from 'yaml'
import { lintFiles } from '../../src/ecr/lint/lint.ts'
import type { PluginReader } from '../../src/ecr/lint/plugin-rules.ts'
import { useKubeletCode } from './support/kubelet-plugin.ts'

const ABSENT = Symbol('absent')

/** Mostly right, so that most configurations have one mistake or none. */
function mostly<T>(right: T, ...wrong: readonly unknown[]) {
  return fc.oneof(
    { weight: 24, arbitrary: fc.constant<unknown>(right) },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(ABSENT, null, ...wrong) },
  )
}

const GROUP = 'credentialprovider.kubelet.k8s.io'

const tokenAttributes = fc
  .record({
    serviceAccountTokenAudience: mostly('sts.amazonaws.com', '', 1),
    cacheType: mostly('Token', 'ServiceAccount', 'Pod', ''),
    requireServiceAccount: mostly(true, false, 'true'),
    requiredServiceAccountAnnotationKeys: mostly(
      ABSENT,
      ['a/b'],
      ['-'],
      ['A/B', 'A/B'],
      ['a/b/c'],
      [''],
      'a',
    ),
    optionalServiceAccountAnnotationKeys: mostly(['eks.amazonaws.com/ecr-role-arn'], [], ['a/b'], [1]),
    cachetype: mostly(ABSENT, 'Token'),
  })
  .map(withoutAbsent)

const provider = fc
  .record({
    name: fc.oneof(
      { weight: 9, arbitrary: fc.constant('ecr-credential-provider') },
      { weight: 1, arbitrary: fc.constantFrom<unknown>('a/b', 'a b', '.', '..', 7) },
    ),
    apiVersion: mostly(`${GROUP}/v1`, `${GROUP}/v1beta1`, `${GROUP}/v1alpha1`, `${GROUP}/v2`, 'v1', ''),
    matchImages: mostly(
      ['*.dkr.ecr.*.amazonaws.com'],
      ...[[], [''], ['a:*'], ['a b'], ['%zz'], [true], ['*.io', 'https://a'], 'a'],
    ),
    defaultCacheDuration: mostly(
      '12h',
      '0',
      '-1s',
      '1day',
      '1.5h',
      '',
      0,
      '-0s',
      '300000000h',
      '+1m',
      '1h 2m',
      '.5s',
    ),
    args: mostly(ABSENT, [], ['--v=4'], [4], 'get-credentials'),
    env: mostly(ABSENT, [], [{ name: 'A', value: 'b' }], [{ name: 'A', value: 1 }], [{ key: 'A' }], [null]),
    tokenAttributes: fc.option(tokenAttributes, { nil: ABSENT }),
    matchimages: mostly(ABSENT, ['a']),
  })
  .map(withoutAbsent)

const config = fc
  .record({
    apiVersion: mostly(
      'kubelet.config.k8s.io/v1',
      'kubelet.config.k8s.io/v1beta1',
      'v1',
      'kubelet.config.k8s.io/v3',
    ),
    kind: mostly('CredentialProviderConfig', 'KubeletConfiguration', 'credentialproviderconfig'),
    providers: fc.oneof(
      { weight: 8, arbitrary: fc.tuple(provider) },
      { weight: 1, arbitrary: fc.tuple(provider, provider) },
      { weight: 1, arbitrary: fc.constantFrom<unknown>(ABSENT, null, [], [null], {}) },
    ),
    metadata: mostly(ABSENT, {}),
  })
  .map(withoutAbsent)

function withoutAbsent(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== ABSENT))
}

/** Mistakes of writing, which values cannot have. */
const TEXTS = [
  'apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n- {name: "", apiVersion: credentialprovider.kubelet.k8s.io/v1, matchImages: [a], defaultCacheDuration: 0s}\n',
  '',
  '[]',
  'a',
  '{"providers": [],}',
  '# nothing\n---\napiVersion: kubelet.config.k8s.io/v1\n',
  'apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n- matchImages: [*.io]\n',
  'apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nkind: CredentialProviderConfig\n',
  'apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\n\tproviders: []\n',
]

/** What the plugin itself refuses is not the kubelet's matter. */
const readNothing: PluginReader = () => ({
  roleArnAnnotations: [],
  rolesAnywhere: {
    trustAnchorArn: undefined,
    profileArn: undefined,
    roleArn: undefined,
    certificatePath: undefined,
    privateKeyPath: undefined,
    intermediatesPath: undefined,
  },
})

t.test(
  'errors are what the kubelet refuses: 400 generated configurations, as YAML and as JSON',
  async (t) => {
    const kubelet = await useKubeletCode(t)
    if (kubelet === undefined) return
    const folder = t.testdir({})
    const pluginFolder = join(folder, 'no-plugins')
    await mkdir(pluginFolder)
    const values = fc.sample(config, 400)
    const texts = values.map((value, index) =>
      index % 2 === 0 ? stringify(value, { version: '1.1' }) : JSON.stringify(value, null, 2),
    )
    const files = [...TEXTS, ...texts].map((text, index) => ({ path: join(folder, `${index}.yaml`), text }))
    for (const { path, text } of files) await writeFile(path, text)
    const { answer } = await kubelet.register(files.map(({ path }) => ({ configPath: path, pluginFolder })))
    const refusals = answer.map((text) => !/^plugin binary executable .* did not exist$/.test(text))
    const differences = files.flatMap((file, index) => {
      const errors = lintFiles([[file]], readNothing).filter(({ severity }) => severity === 'error')
      if (errors.length > 0 === refusals[index]) return []
      return [{ text: file.text, errors, kubelet: answer[index] }]
    })
    t.strictSame(differences, [])
    const refusedCount = refusals.filter(Boolean).length
    t.ok(
      refusedCount > 100 && refusedCount < files.length - 50,
      `${refusedCount} of ${files.length} are refused`,
    )
  },
)
