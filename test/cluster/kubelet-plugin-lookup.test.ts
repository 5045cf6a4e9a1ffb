import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { PASSWORD, startEcrServer } from '../support/ecr-server.ts'
import { buildEnvironment } from '../support/plugin-run.ts'
import { useKubeletCode } from './support/kubelet-plugin.ts'

const PROGRAM = fileURLToPath(new URL('../../dist/ecr-credential-provider.mjs', import.meta.url))
const HOST = '111122223333.dkr.ecr.eu-central-1.amazonaws.com'
const TOKEN = `eyJhbGciOiJSUzI1NiJ9.${'of-the-pod-'.repeat(20)}.c2ln`
const ROLE = 'arn:aws:iam::111122223333:role/puller'
const FOUND = [{ username: 'AWS', password: PASSWORD }]

const PROVIDER = {
  name: 'ecr-credential-provider',
  apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
  defaultCacheDuration: '0s',
  matchImages: [
    '*.dkr.ecr.*.amazonaws.com',
    '*.dkr.ecr.*.amazonaws.com:443',
    'public.ecr.aws',
    'mirror.test:5000',
  ],
}

const server = await startEcrServer({ acceptedTokens: [TOKEN] })
t.teardown(() => server.close())

const ENV = { PATH: process.env['PATH'], ...buildEnvironment(server), AWS_REGION: 'eu-west-1' }

/** A kubelet's configuration that runs the bundle, and the folder where the kubelet finds it. */
async function configure(t: Test, provider: object = PROVIDER) {
  const folder = t.testdir({ bin: {} })
  const configPath = join(folder, 'config.json')
  const config = {
    apiVersion: 'kubelet.config.k8s.io/v1',
    kind: 'CredentialProviderConfig',
    providers: [provider],
  }
  await writeFile(configPath, JSON.stringify(config))
  const pluginFolder = join(folder, 'bin')
  await symlink(PROGRAM, join(pluginFolder, 'ecr-credential-provider'))
  return { configPath, pluginFolder }
}

t.test(
  'the kubelet finds the credentials of private, public and mirrored images, and of one with a port',
  async (t) => {
    const kubelet = await useKubeletCode(t)
    if (kubelet === undefined) return
    const images = [
      `${HOST}/app:1`,
      'public.ecr.aws/nginx/nginx:latest',
      `${HOST}:443/app`,
      'mirror.test:5000/library/busybox',
      'registry.test/app',
    ]
    const { answer, log } = await kubelet.lookup({ ...(await configure(t)), images }, ENV)
    t.strictSame(
      answer.credentials,
      [FOUND, FOUND, FOUND, FOUND, []],
      'none for the image that no pattern matches',
    )
    t.equal(log, '')
    t.same(
      server.calls.map(({ service, region }) => `${service} ${region}`),
      ['ecr eu-central-1', 'ecr-public us-east-1', 'ecr eu-central-1', 'ecr eu-west-1'],
    )
  },
)

t.test(
  "the kubelet hands over the pod's token and annotation, and the role's password comes back",
  async (t) => {
    const kubelet = await useKubeletCode(t)
    if (kubelet === undefined) return
    const before = server.calls.length
    const tokenAttributes = {
      serviceAccountTokenAudience: 'sts.amazonaws.com',
      cacheType: 'ServiceAccount',
      requireServiceAccount: false,
      optionalServiceAccountAnnotationKeys: ['eks.amazonaws.com/ecr-role-arn'],
    }
    const annotations = { 'eks.amazonaws.com/ecr-role-arn': ROLE }
    const serviceAccount = { namespace: 'shop', name: 'cart', annotations, token: TOKEN }
    const config = await configure(t, { ...PROVIDER, tokenAttributes })
    const { answer } = await kubelet.lookup({ ...config, images: [`${HOST}/app`], serviceAccount }, ENV)
    t.strictSame(answer, { credentials: [FOUND], audiences: ['sts.amazonaws.com'] })
    const [role, password] = server.calls.slice(before)
    t.match(role?.parameters, { RoleArn: ROLE, RoleSessionName: 'ecr-credential-provider' })
    t.match(password?.accessKeyId, /^ASIAROLE/)
  },
)

t.test("the kubelet caches a registry's password for the pods of one ServiceAccount", async (t) => {
  const kubelet = await useKubeletCode(t)
  if (kubelet === undefined) return
  const before = server.calls.length
  const images = [`${HOST}/app`, `${HOST}/other`, `${HOST}/app:2`]
  const { answer } = await kubelet.lookup({ ...(await configure(t)), images }, ENV)
  t.strictSame(answer.credentials, [FOUND, FOUND, FOUND])
  t.equal(server.calls.length - before, 1)
})

t.test('the kubelet logs the one line that the plugin ends with', async (t) => {
  const kubelet = await useKubeletCode(t)
  if (kubelet === undefined) return
  const body = JSON.stringify({ __type: 'AccessDeniedException', message: 'not you' })
  server.faults.ecr.push({ kind: 'answer', status: 400, body })
  const { answer, log } = await kubelet.lookup({ ...(await configure(t)), images: [`${HOST}/app`] }, ENV)
  t.strictSame(answer.credentials, [[]])
  // What stands around the line differs from one version of the kubelet to the next.
  t.match(log, /exit status 1: ecr-credential-provider: [^\n]*AccessDeniedException[^\n]*\n/)
})

t.test('a configuration that config prints is one that the kubelet takes', async (t) => {
  const kubelet = await useKubeletCode(t)
  if (kubelet === undefined) return
  const { renderKubeletConfig } = await import('../../src/ecr/kubelet-config.ts')
  const options = { rolesAnywhere: undefined, hasServiceAccountTokens: true }
  for (const setup of ['plain', 'kubeadm', 'k3s'] as const) {
    const { configPath, pluginFolder } = await configure(t)
    await writeFile(configPath.replace('.json', '.yaml'), renderKubeletConfig({ ...options, setup }))
    const images = ['public.ecr.aws/nginx/nginx']
    const config = { configPath: configPath.replace('.json', '.yaml'), pluginFolder }
    t.strictSame((await kubelet.lookup({ ...config, images }, ENV)).answer.credentials, [FOUND], setup)
  }
})
