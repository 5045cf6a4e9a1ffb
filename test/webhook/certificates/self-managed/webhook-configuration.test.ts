import jsonPatch from 'fast-json-patch'
import t from 'tap'
import {
  buildTrustPatch,
  readTrust,
  readTrustedAuthorities,
  type WebhookConfiguration,
} from '../../../../src/webhook/certificates/self-managed/webhook-configuration.ts'
import { createTestAuthority } from '../../../support/certificates.ts'

const [A, B] = (await Promise.all([1, 2].map(async () => (await createTestAuthority()).certificatePem))) as [
  string,
  string,
]
const SERVICE = { name: 'hook', namespace: 'eks' }

function configurationOf(...clientConfigs: readonly object[]): WebhookConfiguration {
  const webhooks = clientConfigs.map((clientConfig) => ({ clientConfig, later: { kept: true } }))
  return { metadata: { name: 'hook', resourceVersion: '7' }, webhooks }
}

const encode = (pem: string) => Buffer.from(pem).toString('base64')
const ours = (pem?: string) => ({
  service: { ...SERVICE, path: '/mutate', port: 443 },
  ...(pem !== undefined && { caBundle: encode(pem) }),
})

const RIGHT: readonly (readonly [string, WebhookConfiguration, string])[] = [
  ['the same text', configurationOf(ours(A)), A],
  ['another order', configurationOf(ours(`${B}${A}`)), `${A}${B}`],
  [
    'other line ends, and text between',
    configurationOf(ours(` # ours\n${A.replaceAll('\n', '\r\n')}\n\n`)),
    A,
  ],
  ['no webhook', configurationOf(), A],
  [
    'webhooks of others',
    configurationOf({ url: 'https://x' }, { service: { name: 'hook', namespace: 'x' } }, {}),
    A,
  ],
]

for (const [name, configuration, bundle] of RIGHT) {
  t.test(`nothing to do: ${name}`, async (t) =>
    t.equal(buildTrustPatch(configuration, SERVICE, bundle), undefined),
  )
}

t.test('every webhook of ours gets the bundle, and nothing else changes', async (t) => {
  const wrongs = [undefined, '', 'garbage', A, `${A}${B}${A.replace('MII', 'MIJ')}`]
  const configuration = configurationOf(
    { url: 'https://x' },
    ours(`${A}${B}`),
    ...wrongs.map((pem) => ours(pem)),
  )
  const patch = buildTrustPatch(configuration, SERVICE, `${A}${B}`)
  const patched = jsonPatch.applyPatch(
    structuredClone(configuration),
    [...(patch ?? [])] as never,
    true,
  ).newDocument
  t.strictSame(
    patched,
    configurationOf({ url: 'https://x' }, ours(`${A}${B}`), ...wrongs.map(() => ours(`${A}${B}`))),
  )
  t.match(patch?.[0], { op: 'replace', path: '/metadata/resourceVersion', value: '7' })
})

t.test('trusted is what all webhooks of ours trust; without any, nobody calls', async (t) => {
  const count = (configuration: WebhookConfiguration | undefined) =>
    readTrust(configuration, SERVICE).trusted?.size
  t.equal(count(undefined), undefined)
  t.equal(count(configurationOf({ url: 'https://x' })), undefined)
  t.equal(count(configurationOf(ours())), 0)
  t.equal(count(configurationOf(ours(`${A}${B}${A}`))), 2)
  t.equal(count(configurationOf(ours(`${A}${B}`), ours(B))), 1)
  t.equal(count(configurationOf(ours(A), ours(B))), 0)
})

t.test('what any webhook of ours trusts, each once; others’ do not count', async (t) => {
  const other = { service: { name: 'hook', namespace: 'x' }, caBundle: encode(B) }
  const count = (configuration: WebhookConfiguration | undefined) =>
    readTrustedAuthorities(configuration, SERVICE).length
  t.equal(count(undefined), 0)
  t.equal(count(configurationOf(ours(A), ours(), other)), 1)
  t.equal(count(configurationOf(ours(`${A}garbage`), ours(`${A}${B}`))), 2)
})
