import { setTimeout } from 'node:timers/promises'
import { ClusterError } from './cluster-error.ts'
import type { ClusterOptions } from './cluster-options.ts'
import { findCause, type Kubectl } from './kubectl.ts'
import { OWN_LABEL, OWN_NAME } from './manifest.ts'
import { explainPods, type PodState } from './pod-problems.ts'

const CA_BUNDLE_POLL_MS = 1000

/** Waits until all replicas are ready. Throws ClusterError with the pod that is not, and why. */
export async function waitForRollout(
  kubectl: Kubectl,
  { namespace, timeoutSeconds }: ClusterOptions,
): Promise<void> {
  const scope = `--namespace=${namespace}`
  const args = ['rollout', 'status', `deployment/${OWN_NAME}`, scope, `--timeout=${timeoutSeconds}s`]
  const { exitCode, stderr } = await kubectl.attempt(args)
  if (exitCode === 0) return
  const selector = `--selector=${OWN_LABEL.key}=${OWN_LABEL.value}`
  const answer = await kubectl.run(['get', 'pods,replicasets', scope, selector, '--output=json'])
  const { items } = JSON.parse(answer) as { items: readonly PodState[] }
  const problem = explainPods(items) ?? findCause(stderr)
  throw new ClusterError(`the webhook is not ready after ${timeoutSeconds} s: ${problem}`)
}

/** Waits until API servers can trust every entry of the webhook configuration. Throws ClusterError. */
export async function waitForCaBundle(kubectl: Kubectl, { timeoutSeconds }: ClusterOptions): Promise<void> {
  const deadlineMs = performance.now() + timeoutSeconds * 1000
  const path = '--output=jsonpath={range .webhooks[*]}{.clientConfig.caBundle}{"\\n"}{end}'
  for (;;) {
    const bundles = await kubectl.run(['get', 'mutatingwebhookconfiguration', OWN_NAME, path])
    if (
      bundles
        .replace(/\n$/, '')
        .split('\n')
        .every((bundle) => bundle !== '')
    )
      return
    if (performance.now() > deadlineMs) {
      throw new ClusterError(
        `the caBundle of mutatingwebhookconfiguration ${OWN_NAME} is empty after ${timeoutSeconds} s: the log of the webhook (or of cert-manager's cainjector) says why`,
      )
    }
    await setTimeout(CA_BUNDLE_POLL_MS)
  }
}
