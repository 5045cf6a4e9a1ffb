import { setTimeout } from 'node:timers/promises'
import { holdsCertificates } from './ca-bundle.ts'
import { ClusterError } from './cluster-error.ts'
import type { CertificateMode, ClusterOptions } from './cluster-options.ts'
import { findCause, type Kubectl } from './kubectl.ts'
import { OWN_LABEL, OWN_NAME } from './manifest.ts'
import { explainPods, type PodState } from './pod-problems.ts'
import { findRegistration, listBundles } from './registration.ts'
import { readServingAuthority } from './serving-authority.ts'

const POLL_MS = 1000

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

/** Waits until there is an authority to trust, and returns all that are to be trusted, in PEM. Throws ClusterError. */
export async function waitForAuthority(
  kubectl: Kubectl,
  { namespace, timeoutSeconds }: ClusterOptions,
  certificateMode: CertificateMode,
): Promise<string> {
  const authority = await waitUntil(
    () => readServingAuthority(kubectl, namespace, certificateMode),
    ({ signerPem }) => signerPem !== '',
    timeoutSeconds,
  )
  if (authority.signerPem !== '') return authority.trustedPem
  const remedy =
    certificateMode === 'self-managed'
      ? 'the log of the webhook says why'
      : `kubectl describe --namespace=${namespace} issuers,certificates says why`
  throw new ClusterError(
    `Secret ${authority.secretName} holds no certificate authority after ${timeoutSeconds} s: ${remedy}`,
  )
}

/**
 * Waits until every entry of the webhook configuration trusts the authority of the certificates that replicas serve with.
 * Throws ClusterError.
 */
export async function waitForTrust(
  kubectl: Kubectl,
  { namespace, timeoutSeconds }: ClusterOptions,
  certificateMode: CertificateMode,
): Promise<void> {
  const isTrusted = async () => {
    const { signerPem } = await readServingAuthority(kubectl, namespace, certificateMode)
    const registration = await findRegistration(kubectl)
    const bundles = registration === undefined ? [] : listBundles(registration)
    return bundles.length > 0 && bundles.every((bundlePem) => holdsCertificates(bundlePem, signerPem))
  }
  if (await waitUntil(isTrusted, (trusted) => trusted, timeoutSeconds)) return
  const writer = certificateMode === 'self-managed' ? 'the webhook' : "cert-manager's cainjector"
  throw new ClusterError(
    `the caBundle of mutatingwebhookconfiguration ${OWN_NAME} does not hold the authority of the replicas' certificates after ${timeoutSeconds} s: the log of ${writer} says why`,
  )
}

/** Asks until the answer is good or the time is over; returns the last answer. */
async function waitUntil<Answer>(
  ask: () => Promise<Answer>,
  isGood: (answer: Answer) => boolean,
  timeoutSeconds: number,
): Promise<Answer> {
  const deadlineMs = performance.now() + timeoutSeconds * 1000
  for (;;) {
    const answer = await ask()
    if (isGood(answer) || performance.now() > deadlineMs) return answer
    await setTimeout(POLL_MS)
  }
}
