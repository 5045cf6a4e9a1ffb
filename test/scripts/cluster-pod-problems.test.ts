import t from 'tap'
import { explainPods, type PodState } from '../../scripts/cluster/pod-problems.ts'

function describePod(status: NonNullable<PodState['status']>): PodState {
  return { kind: 'Pod', metadata: { namespace: 'eks', name: 'webhook-1' }, status }
}

const PODS: readonly (readonly [
  what: string,
  objects: readonly PodState[],
  explanation: string | undefined,
])[] = [
  ['nothing', [], undefined],
  ['a ready pod', [describePod({ containerStatuses: [{ ready: true }] })], undefined],
  [
    'an image that cannot be pulled',
    [
      describePod({
        containerStatuses: [
          { ready: false, state: { waiting: { reason: 'ErrImagePull', message: 'not found\ndetails' } } },
        ],
      }),
    ],
    'pod eks/webhook-1: ErrImagePull: not found',
  ],
  [
    'a crash loop',
    [
      describePod({
        containerStatuses: [
          {
            ready: false,
            state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } },
            lastState: { terminated: { exitCode: 2, reason: 'Error' } },
          },
        ],
      }),
    ],
    'pod eks/webhook-1: CrashLoopBackOff (exit code 2, Error): kubectl logs --previous says why',
  ],
  [
    'a pod that no node takes',
    [
      describePod({
        conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' }],
      }),
    ],
    'pod eks/webhook-1: no node takes it: 0/3 nodes are available',
  ],
  [
    'a pod that runs and is not ready, after one that is',
    [
      describePod({ containerStatuses: [{ ready: true }] }),
      describePod({ containerStatuses: [{ ready: false }] }),
    ],
    'pod eks/webhook-1: it runs and is not ready: kubectl logs says what it waits for',
  ],
  [
    'pods that may not be created',
    [
      {
        kind: 'ReplicaSet',
        metadata: { namespace: 'eks', name: 'webhook' },
        status: { conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'exceeded quota' }] },
      },
    ],
    'no pod can be created: exceeded quota',
  ],
]

for (const [what, objects, explanation] of PODS) {
  t.test(`the reason of a rollout that hangs: ${what}`, async (t) => {
    t.equal(explainPods(objects), explanation)
  })
}
