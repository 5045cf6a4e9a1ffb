import type { V1MutatingWebhook, V1MutatingWebhookConfiguration } from '@kubernetes/client-node'
import { type Flaw, fail, joinFlaws, pass, type Verdict, warn } from '../../checks/verdict.ts'
import type { CheckContext } from '../check.ts'
import { serviceOf } from '../installation.ts'

/** Whether API servers are told to ask the webhook for pods, at a Service that is there, and to trust it. */
export async function checkRegistration({ installation }: CheckContext): Promise<Verdict> {
  const [configuration, ...others] = await installation.configurations()
  if (configuration === undefined)
    return fail({
      message: 'no MutatingWebhookConfiguration is there: API servers do not ask the webhook',
      hint: 'install the webhook, with `make cluster-up` or `helm install`: docs/install.md',
    })
  const name = configuration.metadata?.name ?? ''
  const flaws = findFlaws(configuration)
  const service = await installation.service()
  const target = (await installation.entries()).map(serviceOf).find((found) => found !== undefined)
  if (target !== undefined && service === undefined)
    flaws.push({
      message: `${name} leads to Service ${target.namespace}/${target.name}, which is not there`,
      hint: 'apply the manifests again',
    })
  if (flaws.length > 0) return fail(joinFlaws(flaws))
  const policies = [...new Set((await installation.entries()).map(({ failurePolicy }) => failurePolicy))]
  const message = `MutatingWebhookConfiguration ${name}, failurePolicy ${policies.join(' and ')}`
  if (others.length === 0) return pass(message)
  const names = others.map(({ metadata }) => metadata?.name).join(', ')
  return warn({
    message: `${message}; there are others: ${names}`,
    hint: 'name one installation with --namespace',
  })
}

function findFlaws({ metadata, webhooks = [] }: V1MutatingWebhookConfiguration): Flaw[] {
  const name = metadata?.name ?? ''
  const flaws: Flaw[] = []
  if (!webhooks.some(isForPods))
    flaws.push({
      message: `${name} has no entry for the creation of pods`,
      hint: 'apply the manifests again',
    })
  const untrusted = webhooks.filter(({ clientConfig }) => !clientConfig.caBundle)
  if (untrusted.length > 0)
    flaws.push({
      message: `${name} has no caBundle: API servers trust nobody there`,
      hint: 'the replicas fill it in (--in-cluster=true), or cert-manager does: see their logs',
    })
  return flaws
}

function isForPods({ rules = [] }: V1MutatingWebhook): boolean {
  const fits = (values: readonly string[] | undefined, wanted: string) =>
    values?.some((value) => value === wanted || value === '*') ?? false
  return rules.some(
    ({ operations, apiGroups, resources }) =>
      fits(operations, 'CREATE') && fits(apiGroups, '') && fits(resources, 'pods'),
  )
}

/** Before installing: whether somebody else's webhook does the same, or has the name. */
export async function checkNoOther({ reader }: CheckContext): Promise<Verdict> {
  const all = await reader.list<V1MutatingWebhookConfiguration>('mutatingwebhookconfigurations', '')
  const similar = all.filter(({ metadata, webhooks = [] }) =>
    [metadata?.name ?? '', ...webhooks.map(({ name }) => name)].some((name) =>
      name.includes('pod-identity-webhook'),
    ),
  )
  if (similar.length === 0) return pass('no webhook of this kind is registered')
  const names = similar.map(({ metadata }) => metadata?.name).join(', ')
  return warn({
    message: `a webhook of this kind is registered: ${names}`,
    hint: 'docs/install.md tells how to come from the Go webhook without a gap',
  })
}
