import { AwsCallError } from '../aws/call-failure.ts'
import type { Environment } from '../aws/endpoint.ts'
import type { CheckAudience } from '../checks/check-list.ts'
import { createCheckList } from '../checks/check-list.ts'
import { type CheckResult, fail, pass, skip, type Verdict, warn } from '../checks/verdict.ts'
import { type ClusterReader, UnreadError } from '../doctor/cluster-reader.ts'
import { createInstallation } from '../doctor/installation.ts'
import { readCluster } from '../oidc/verify/cluster.ts'
import { createDecider, type Decision, findExemption } from '../webhook/identity/decide.ts'
import { REASONS } from '../webhook/identity/reasons.ts'
import { describeWarning } from '../webhook/identity/warnings.ts'
import { createInjector } from '../webhook/injection/injector.ts'
import { parseSkipContainers } from '../webhook/injection/skip-containers.ts'
import { type ClusterSnapshot, takeSnapshot, type WebhookSettings } from './cluster-snapshot.ts'
import { findExclusion } from './exclusion.ts'
import { FINDINGS } from './findings.ts'
import { createPodJudge } from './judge-pod.ts'
import { type ListedPod, readVariable } from './pod-record.ts'

/** The steps of the story of a pod, in their order. */
export const EXPLAIN_STEPS = [
  'service-account',
  'role',
  'decision',
  'asked',
  'containers',
  'token',
  'as-it-is',
  'aws',
] as const

export type ExplainStep = (typeof EXPLAIN_STEPS)[number]

/** A pod to tell the story of. */
export interface ExplainedPod {
  readonly pod: ListedPod
  /** Whether it runs, so that what it has can be compared; not so a template, or a pod of a file. */
  readonly isLive: boolean
}

/** Tells the whole story of a pod, a step a line. Rejects with an UnreadError where ServiceAccounts cannot be read. */
export async function explainPod(
  reader: ClusterReader,
  { pod, isLive }: ExplainedPod,
  readSettings: (args: readonly string[]) => WebhookSettings,
  { awsEnv, ...audience }: CheckAudience<ExplainStep> & { readonly awsEnv: Environment | undefined },
): Promise<readonly CheckResult<ExplainStep>[]> {
  const installation = createInstallation(reader, undefined)
  const { namespace } = pod.metadata
  const snapshot = await takeSnapshot(reader, installation, { namespace, readSettings })
  const { results, check } = createCheckList<ExplainStep>(audience)
  const step = (id: ExplainStep, make: () => Promise<Verdict>) =>
    check(id, async () => ({ verdict: await attempt(make) }))
  const name = pod.spec.serviceAccountName ?? ''
  const decision = decidePod(snapshot, pod, name)
  await step('service-account', () => describeAccount(reader, namespace, name))
  await step('role', async () => describeRole(snapshot, namespace, name))
  await step('decision', async () => describeDecision(pod, decision))
  await step('asked', async () => describeAsked(snapshot, pod))
  await step('containers', async () => describeContainers(snapshot, pod, decision))
  await step('token', () => describeToken(reader, decision))
  await step('as-it-is', async () => describeFindings(snapshot, pod, isLive))
  if (awsEnv !== undefined) await step('aws', () => describeInAws(reader, pod, decision, awsEnv))
  return results
}

async function attempt(make: () => Promise<Verdict>): Promise<Verdict> {
  try {
    return await make()
  } catch (error) {
    if (!(error instanceof UnreadError)) throw error
    return { status: 'unread', message: error.message, hint: error.hint }
  }
}

async function describeAccount(reader: ClusterReader, namespace: string, name: string): Promise<Verdict> {
  if (name === '')
    return fail({ message: 'the pod names no ServiceAccount', hint: 'set spec.serviceAccountName' })
  const account = await reader.get('serviceaccounts', namespace, name)
  return account === undefined
    ? fail({
        message: `there is no ServiceAccount ${namespace}/${name}`,
        hint: 'create it, or correct spec.serviceAccountName',
      })
    : pass(`ServiceAccount ${namespace}/${name} is there`)
}

function describeRole({ accounts, describe }: ClusterSnapshot, namespace: string, name: string): Verdict {
  const account = describe(namespace, name)
  if (account.hasContainerCredentials) return pass('the list of container credentials names it')
  const annotations = accounts.get(`${namespace}/${name}`)?.annotations
  const warnings = annotations?.warnings.map(describeWarning) ?? []
  if (annotations !== undefined && annotations.role !== '') {
    const message = `its annotation names the role ${annotations.role}`
    return warnings.length === 0
      ? pass(message)
      : warn({ message: `${message}; ${warnings.join('; ')}`, hint: '' })
  }
  const mapping = account.state === 'known' ? account.mapping : undefined
  if (mapping !== undefined && mapping.role !== '')
    return pass(`the ConfigMap maps it to the role ${mapping.role}`)
  return fail({
    message: ['it has no role', ...warnings].join('; '),
    hint: `kubectl --namespace=${namespace} annotate serviceaccount ${name} eks.amazonaws.com/role-arn=ARN`,
  })
}

function decidePod({ webhook, describe }: ClusterSnapshot, pod: ListedPod, name: string): Decision {
  const { namespace } = pod.metadata
  return createDecider(webhook.settings)(describe(namespace, name), { namespace, pod }, () => 0)
}

function describeDecision(pod: ListedPod, { identity, reason, warnings }: Decision): Verdict {
  const exemption = findExemption(pod)
  const { sentence, remedy = '' } = REASONS[exemption ?? reason]
  if (exemption !== undefined || identity === undefined)
    return fail({ message: `the webhook gives it nothing: ${sentence}`, hint: remedy })
  const what = identity.method === 'web_identity' ? identity.roleArn : 'container credentials'
  const message = `the webhook gives it ${what}: ${sentence}`
  if (warnings.length === 0) return pass(message)
  return warn({ message: `${message}; ${warnings.map(describeWarning).join('; ')}`, hint: '' })
}

function describeAsked({ entries, namespaces }: ClusterSnapshot, pod: ListedPod): Verdict {
  const labels = namespaces.get(pod.metadata.namespace)
  if (entries === undefined || labels === undefined)
    return { status: 'unread', message: 'whether API servers ask the webhook cannot be read', hint: '' }
  const exclusion = findExclusion(entries, pod, labels)
  const isConditional = entries.some(({ matchConditions = [] }) => matchConditions.length > 0)
  const unless = isConditional ? ', unless its matchConditions say otherwise' : ''
  return exclusion === undefined
    ? pass(`API servers ask the webhook for it${unless}`)
    : fail({ message: exclusion, hint: FINDINGS.excluded_by_selector.remedy })
}

function describeContainers({ webhook }: ClusterSnapshot, pod: ListedPod, decision: Decision): Verdict {
  const { identity, skipContainers } = decision
  if (identity === undefined || findExemption(pod) !== undefined) return skip('it gets nothing')
  const skipped = parseSkipContainers(skipContainers ?? '') ?? new Set()
  const { patch, warnings } = createInjector(webhook.settings)(pod, identity, skipContainers)
  const stories = (['initContainers', 'containers'] as const).flatMap((list) =>
    (pod.spec[list] ?? []).map((container, index) => {
      if (skipped.has(container.name)) return `${container.name} is skipped by its annotation`
      const isChanged = patch.some(({ path }) => path.startsWith(`/spec/${list}/${index}/`))
      if (isChanged) return `${container.name} gets what it lacks`
      const own = readVariable(container, 'AWS_ROLE_ARN')
      return own === undefined ? `${container.name} has its own variables` : `${container.name} has ${own}`
    }),
  )
  const message = stories.join('; ')
  return warnings.length === 0
    ? pass(message)
    : warn({ message: `${message}; ${warnings.map(describeWarning).join('; ')}`, hint: '' })
}

async function describeToken({ client }: ClusterReader, { identity }: Decision): Promise<Verdict> {
  if (identity === undefined) return skip('it gets none')
  const audience =
    identity.method === 'web_identity'
      ? `audience ${identity.audience || 'of the API server'}`
      : 'for the agent'
  const cluster = await readCluster(client)
  const issuer =
    cluster.kind === 'read' && 'value' in cluster.issuer ? `, of issuer ${cluster.issuer.value}` : ''
  return pass(`${audience}, ${identity.tokenExpirationSeconds} seconds${issuer}`)
}

function describeFindings(snapshot: ClusterSnapshot, pod: ListedPod, isLive: boolean): Verdict {
  if (!isLive) return skip('it does not run')
  const name = pod.spec.serviceAccountName ?? ''
  const { namespace } = pod.metadata
  const labels = snapshot.namespaces.get(namespace)
  const { findings } = createPodJudge(snapshot.webhook.settings)(pod, {
    account: snapshot.describe(namespace, name),
    annotatedAtMs: snapshot.accounts.get(`${namespace}/${name}`)?.writtenAtMs,
    exclusion:
      snapshot.entries === undefined || labels === undefined
        ? undefined
        : findExclusion(snapshot.entries, pod, labels),
  })
  const [first] = findings
  if (first === undefined) return pass('it has what it should have')
  const message = findings
    .map(({ code, detail }) => `it ${FINDINGS[code].sentence}${detail === '' ? '' : ` (${detail})`}`)
    .join('; ')
  const flaw = { message, hint: FINDINGS[first.code].remedy }
  return FINDINGS[first.code].severity === 'note' ? warn(flaw) : fail(flaw)
}

async function describeInAws(
  reader: ClusterReader,
  { metadata, spec }: ListedPod,
  { identity }: Decision,
  env: Environment,
): Promise<Verdict> {
  if (identity?.method !== 'web_identity') return skip('it takes no role by STS')
  const { roleArn, audience } = identity
  const { openRoleLookup } = await import('./role-checks.ts')
  const lookup = await openRoleLookup(reader, env)
  if (lookup === undefined)
    return { status: 'unread', message: 'the cluster’s issuer cannot be read', hint: 'doctor says why' }
  try {
    const user = { namespace: metadata.namespace, name: spec.serviceAccountName ?? '', audience }
    const finding = lookup.judge(roleArn, await lookup.find(roleArn), user)
    if (finding === undefined) return pass(`${roleArn} is there and trusts it`)
    const { sentence, remedy } = FINDINGS[finding.code]
    const detail = finding.detail === '' ? '' : `: ${finding.detail}`
    return fail({ message: `it ${sentence} (${roleArn})${detail}`, hint: remedy })
  } catch (error) {
    if (!(error instanceof AwsCallError)) throw error
    return { status: 'unread', message: error.message, hint: '' }
  }
}
