import type { NameFinder, NameQuestion } from '../engine/completion/names.ts'

/** A shell waits for them: of a cluster with more names, the first pages are offered. */
const MAX_NAMES = 1000

/** Finds names that a word on the command line may become. Whatever keeps it from that, there are none then. */
export const findClusterNames: NameFinder = async (question, env) => {
  try {
    return question.kind === 'context' ? await listContexts(question, env) : await listNames(question, env)
  } catch {
    return []
  }
}

async function listNames(question: NameQuestion, env: Readonly<Record<string, string | undefined>>) {
  const { connectCluster } = await import('../../oidc/verify/cluster.ts')
  const client = await connectCluster(question, env)
  if (client === undefined) return []
  try {
    const { createClusterReader } = await import('../../doctor/cluster-reader.ts')
    const reader = createClusterReader(client)
    const list = async (resource: 'namespaces' | 'pods' | 'serviceaccounts', namespace: string) => {
      const names: string[] = []
      const pages = reader.listPages<{ readonly metadata: { readonly name: string } }>(resource, namespace, {
        isMetadataOnly: true,
      })
      for await (const page of pages) {
        names.push(...page.map(({ metadata }) => metadata.name))
        if (names.length >= MAX_NAMES) break
      }
      return names
    }
    switch (question.kind) {
      case 'namespace':
        return await list('namespaces', '')
      case 'pod':
        return await list('pods', question.namespace ?? 'default')
      default: {
        // NAMESPACE/NAME: first the one, then the other.
        const [namespace = '', name] = question.begun.split('/')
        if (name === undefined) return (await list('namespaces', '')).map((each) => `${each}/`)
        return (await list('serviceaccounts', namespace)).map((each) => `${namespace}/${each}`)
      }
    }
  } finally {
    client.close()
  }
}

async function listContexts(
  { kubeconfig }: NameQuestion,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[]> {
  const { listContextNames } = await import('../../kubernetes/kubeconfig-contexts.ts')
  return listContextNames(kubeconfig, env)
}
