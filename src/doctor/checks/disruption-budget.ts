import type { V1PodDisruptionBudget } from '@kubernetes/client-node'
import { pass, skip, type Verdict, warn } from '../../checks/verdict.ts'
import type { CheckContext } from '../check.ts'
import { selects } from '../label-selector.ts'

/** Whether a drain of nodes leaves a replica, and can go on. */
export async function checkDisruptionBudget({ reader, installation }: CheckContext): Promise<Verdict> {
  const [pod] = await installation.pods()
  if (pod === undefined) return skip('there is no replica')
  const namespace = await installation.namespace()
  const budgets = await reader.list<V1PodDisruptionBudget>('poddisruptionbudgets', namespace)
  const own = budgets.filter(({ spec }) => selects(spec?.selector, pod.metadata?.labels))
  const [budget] = own
  if (budget === undefined)
    return warn({
      message: 'no PodDisruptionBudget is for the replicas: a drain of nodes may take all of them at once',
      hint: 'apply deploy/base/pod-disruption-budget.yaml, or set podDisruptionBudget.enabled',
    })
  const name = budget.metadata?.name ?? ''
  if (own.length > 1)
    return warn({
      message: `${own.length} PodDisruptionBudgets are for the replicas: no node with one can be drained`,
      hint: `leave one of ${own.map(({ metadata }) => metadata?.name).join(', ')}`,
    })
  const { expectedPods = 0, desiredHealthy = 0 } = budget.status ?? {}
  if (expectedPods > 0 && desiredHealthy >= expectedPods)
    return warn({
      message: `PodDisruptionBudget ${name} lets no replica go: nodes with one cannot be drained`,
      hint: 'set maxUnavailable to 1, or run more replicas',
    })
  return pass(`PodDisruptionBudget ${name}`)
}
