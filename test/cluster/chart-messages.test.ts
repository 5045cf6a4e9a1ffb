import t from 'tap'
import { POLICY_ONLY } from '../support/chart-values.ts'
import { hasGo } from '../support/go-build.ts'
import { type ChartValues, openHelm } from '../support/helm.ts'

const BUILD_TIMEOUT_MS = 900_000

t.setTimeout(BUILD_TIMEOUT_MS)
if (!hasGo()) t.plan(0, 'Go, which builds helm, is not installed')
else {
  const helm = await openHelm(t.testdir(), (line) => t.comment(line))

  const refused: readonly (readonly [ChartValues, RegExp])[] = [
    [{ replica: 2 }, /'replica' not allowed/],
    [{ image: { name: 'x' } }, /'\/image': additional properties 'name' not allowed/],
    [{ replicas: 'two' }, /'\/replicas': got string, want integer/],
    [{ required: true }, /'\/required': got boolean, want object/],
    [{ required: { enabled: 'yes' } }, /'\/required\/enabled': got string, want boolean/],
    [{ certificates: { mode: 'none' } }, /'\/certificates\/mode': value must be one of 'self-managed'/],
    [{ certificates: { mode: 'secret' } }, /'\/certificates\/secretName': minLength/],
    [{ webhook: { failurePolicy: 'ignore' } }, /'\/webhook\/failurePolicy': value must be one of 'Ignore'/],
    [{ webhook: { timeoutSeconds: 31 } }, /'\/webhook\/timeoutSeconds': maximum/],
    [{ image: { digest: '0a0a' } }, /'\/image\/digest': '0a0a' does not match/],
    [{ image: { repository: 'webhook:1.2' } }, /'\/image\/repository': 'webhook:1.2' does not match/],
    [{ extraArgs: '--v=4' }, /'\/extraArgs': got string, want array/],
    [{ extraArgs: ['v=4'] }, /'\/extraArgs\/0': 'v=4' does not match/],
    [{ extraArgs: ['--metrics-port=1'] }, /extraArgs: --metrics-port is set by the chart/],
    [{ extraArgs: ['--tls_secret=x'] }, /extraArgs: --tls-secret is set by the chart/],
    [
      { configMap: { roles: { cart: {} } } },
      /'\/configMap\/roles': additional properties 'cart' not allowed/,
    ],
    [
      { configMap: { roles: { 'shop/cart': {} } } },
      /'\/configMap\/roles\/shop~1cart': missing property 'RoleARN'/,
    ],
    [{ ports: { https: 443 } }, /'\/ports\/https': minimum/],
    [{ ports: { https: 9999 } }, /ports: https and metrics are both 9999: give each its own/],
    [
      { certificates: { certManager: { issuerRef: { kind: 'ClusterIssuer' } } } },
      /'\/certificates\/certManager\/issuerRef': properties 'name' required/,
    ],
    [{ webhook: { enabled: false } }, /webhook.enabled and policy.enabled are both false/],
    [
      { policy: { enabled: true }, extraArgs: ['--token-audience=x'] },
      /extraArgs: --token-audience is not in the chart's policy/,
    ],
    [{ ...POLICY_ONLY, required: { enabled: true } }, /required take the webhook/],
    [{ podLabels: { a: 1 } }, /'\/podLabels\/a': got number, want string/],
  ]
  for (const [values, message] of refused) {
    t.test(`refuses ${JSON.stringify(values)} and says why`, async (t) => {
      const { exitCode, stderr } = await helm.runWithChart(['template', 'x'], values)
      t.equal(exitCode, 1)
      t.match(stderr, message)
    })
  }

  t.test('notes say what to check, and warn of what somebody may regret', async (t) => {
    const readNotes = async (values: ChartValues) => {
      const command = ['install', 'x', '--dry-run=client', '--namespace=eks']
      const { stdout } = await helm.runWithChart(command, values)
      return stdout.slice(stdout.indexOf('NOTES:'))
    }
    const notes = await readNotes({})
    t.match(notes, 'kubectl --namespace=eks rollout status deployment/pod-identity-webhook')
    t.match(notes, 'eks.amazonaws.com/role-arn')
    t.notMatch(notes, 'WARNING')
    const restart = 'kubectl --namespace=eks rollout restart deployment/pod-identity-webhook-oidc-sync'
    t.notMatch(notes, restart)
    t.match(await readNotes({ oidcSync: { enabled: true } }), restart)
    const risky: readonly (readonly [ChartValues, string])[] = [
      [{ webhook: { failurePolicy: 'Fail' } }, 'WARNING: webhook.failurePolicy is Fail'],
      [{ replicas: 1 }, 'WARNING: replicas is 1: while that replica is away, pods get no credentials.'],
      [
        { replicas: 1, required: { enabled: true } },
        'WARNING: replicas is 1: while that replica is away, pods are refused.',
      ],
      [
        { required: { enabled: true }, podDisruptionBudget: { enabled: false } },
        'WARNING: podDisruptionBudget',
      ],
      [{ webhook: { timeoutSeconds: 20 } }, 'WARNING: webhook.timeoutSeconds is 20'],
      [{ certificates: { mode: 'secret', secretName: 'x' } }, 'WARNING: certificates.caBundle is empty'],
      [{ certificates: { secretName: 'x' } }, 'WARNING: certificates.secretName and caBundle'],
      [{ hostNetwork: true }, 'WARNING: hostNetwork is true: the NetworkPolicy does not hold'],
      [
        { certificates: { certManager: { issuerRef: { name: 'x' } } } },
        'WARNING: certificates.certManager.issuerRef is for mode cert-manager',
      ],
      [{ image: { tag: 'latest' } }, 'WARNING: image.tag is latest'],
      [{ oidcSync: { enabled: true } }, 'WARNING: oidcSync.bucket is empty'],
    ]
    for (const [values, warning] of risky) t.match(await readNotes(values), warning)
  })
}
