import fc from 'fast-check'
import t from 'tap'
import { splitArguments } from '../../scripts/cluster/argument-list.ts'
import { ClusterError } from '../../scripts/cluster/cluster-error.ts'
import { readClusterOptions, readClusterUpOptions } from '../../scripts/cluster/cluster-options.ts'
import { parseImageReference } from '../../scripts/cluster/image-reference.ts'

const COMPONENTS = ['monitoring', 'policy', 'required']
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`

t.test('IMAGE is all that cluster-up needs', async (t) => {
  t.strictSame(readClusterUpOptions({ IMAGE: 'webhook:1', ARGS: '', WAIT: '' }, COMPONENTS), {
    kubectlCommand: 'kubectl',
    namespace: 'eks',
    isWaiting: true,
    timeoutSeconds: 180,
    image: { newName: 'webhook', newTag: '1' },
    certificateMode: 'auto',
    components: [],
    args: [],
  })
})

t.test('every variable can be given', async (t) => {
  const env = {
    IMAGE: 'webhook:1',
    KUBECTL: '/opt/kubectl',
    NAMESPACE: 'aws',
    CERTS: 'cert-manager',
    COMPONENTS: 'required, monitoring required',
    ARGS: '--compose-role-arn -v=4',
    WAIT: 'no',
    TIMEOUT: '20s',
  }
  t.strictSame(readClusterUpOptions(env, COMPONENTS), {
    kubectlCommand: '/opt/kubectl',
    namespace: 'aws',
    isWaiting: false,
    timeoutSeconds: 20,
    image: { newName: 'webhook', newTag: '1' },
    certificateMode: 'cert-manager',
    components: ['required', 'monitoring'],
    args: ['--compose-role-arn', '-v=4'],
  })
})

const MISTAKES: readonly (readonly [env: Record<string, string>, message: RegExp])[] = [
  [{ IMAGE: '' }, /^IMAGE is missing: make cluster-up IMAGE=/],
  [{ IMAGE: 'two words' }, /^IMAGE=two words: no image/],
  [{ NAMESPACE: 'Eks' }, /^NAMESPACE=Eks: a name has/],
  [{ CERTS: 'vault' }, /^CERTS=vault: give auto, self-managed or cert-manager$/],
  [
    { COMPONENTS: 'required dashboards' },
    /^COMPONENTS: there is no dashboards; there are monitoring, policy, required$/,
  ],
  [{ ARGS: 'compose-role-arn' }, /^ARGS: compose-role-arn is no flag/],
  [{ ARGS: '--a="b' }, /^ARGS: a quote has no end$/],
  [
    { COMPONENTS: 'policy', ARGS: '-v=4 --token-audience=a' },
    /^ARGS: the component policy is made without --token-audience: leave it out/,
  ],
  [{ WAIT: 'never' }, /^WAIT=never: give yes or no$/],
  [{ TIMEOUT: '1m' }, /^TIMEOUT=1m: give seconds$/],
]

for (const [env, message] of MISTAKES) {
  t.test(`${JSON.stringify(env)} is a mistake in the command`, async (t) => {
    try {
      readClusterUpOptions({ IMAGE: 'webhook:1', ...env }, COMPONENTS)
      t.fail('no error')
    } catch (error) {
      t.type(error, ClusterError)
      t.match(error, { message, exitCode: 2 })
    }
  })
}

t.test('cluster-down needs nothing', async (t) => {
  t.match(readClusterOptions({}), { namespace: 'eks', isWaiting: true })
})

const IMAGES: Readonly<Record<string, ReturnType<typeof parseImageReference>>> = {
  webhook: { newName: 'webhook' },
  'amazon/amazon-eks-pod-identity-webhook:latest': {
    newName: 'amazon/amazon-eks-pod-identity-webhook',
    newTag: 'latest',
  },
  'localhost:5000/webhook': { newName: 'localhost:5000/webhook' },
  'localhost:5000/webhook:1.2-rc.1': { newName: 'localhost:5000/webhook', newTag: '1.2-rc.1' },
  [`registry.example/a/b@${DIGEST}`]: { newName: 'registry.example/a/b', digest: DIGEST },
  [`registry.example/b:1@${DIGEST}`]: { newName: 'registry.example/b', newTag: '1', digest: DIGEST },
  'webhook:': undefined,
  'registry.example/': undefined,
  'webhook@latest': undefined,
}

for (const [image, parts] of Object.entries(IMAGES)) {
  t.test(`image ${image}`, async (t) => t.strictSame(parseImageReference(image), parts))
}

t.test('ARGS are split as a shell would', async (t) => {
  t.strictSame(splitArguments(`  --a=1\t--b='x y' --c="it's"'!' ''`), ['--a=1', '--b=x y', "--c=it's!", ''])
  t.equal(splitArguments("--a='b"), undefined)
})

t.test('ARGS in quotes come out as they went in', async () => {
  const word = fc.string().filter((text) => !text.includes("'"))
  fc.assert(
    fc.property(fc.array(word), (words) => {
      const text = words.map((each) => `'${each}'`).join(' ')
      return JSON.stringify(splitArguments(text)) === JSON.stringify(words)
    }),
  )
})
