import t from 'tap'
import { isWindowsPod } from '../../../src/webhook/injection/operating-system.ts'
import type { Pod } from '../../../src/webhook/injection/pod.ts'

const ask = (key: string, operator: string, ...values: string[]) => ({ key, operator, values })
const require = (...terms: unknown[]) => ({
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
})
const WINDOWS = { matchExpressions: [ask('kubernetes.io/os', 'In', 'windows')] }
const OLD_WINDOWS = {
  matchExpressions: [ask('zone', 'Exists'), ask('beta.kubernetes.io/os', 'In', 'windows')],
}

t.test('pods that can run on Windows alone, and others', async (t) => {
  const table: readonly (readonly [isWindows: boolean, spec: Pod['spec']])[] = [
    [false, {}],
    [true, { os: { name: 'windows' } }],
    [false, { os: { name: 'linux' } }],
    [true, { nodeSelector: { 'kubernetes.io/os': 'windows' } }],
    [true, { nodeSelector: { 'beta.kubernetes.io/os': 'windows' } }],
    [false, { nodeSelector: { 'kubernetes.io/os': 'linux' } }],
    [true, { affinity: require(WINDOWS) }],
    [true, { affinity: require(WINDOWS, OLD_WINDOWS) }],
    [false, { affinity: require(WINDOWS, { matchExpressions: [ask('zone', 'Exists')] }) }],
    [false, { affinity: require() }],
    [false, { affinity: require({ matchExpressions: [ask('kubernetes.io/os', 'In', 'windows', 'linux')] }) }],
    [false, { affinity: require({ matchExpressions: [ask('kubernetes.io/os', 'NotIn', 'windows')] }) }],
    [false, { affinity: require({ matchFields: [ask('kubernetes.io/os', 'In', 'windows')] }) }],
    [
      false,
      {
        affinity: {
          nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ preference: WINDOWS }] },
        },
      },
    ],
    ...[
      null,
      5,
      'x',
      [],
      { nodeAffinity: null },
      require(null, 5),
      { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [] } },
    ].map((affinity) => [false, { affinity }] as const),
  ]
  for (const [isWindows, spec] of table) t.equal(isWindowsPod({ spec }), isWindows, JSON.stringify(spec))
})
