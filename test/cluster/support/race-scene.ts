import type { Test } from 'tap'
import type { ApiClient } from './api-client.ts'
import type { Cluster } from './cluster.ts'
import { usePolicies } from './policy-fixture.ts'
import type { Webhook } from './webhook.ts'
import { useWebhook } from './webhook-fixture.ts'
import { registerWebhook, roleArn } from './webhook-registration.ts'
import { annotationSteps, configMapSteps, type RaceResult, raceWrites, type Steps } from './write-race.ts'

const LIST_NAME = 'pod-identity-webhook-container-credentials'
const MAX_WORKERS = 8

/** What is written before a pod is created. */
export type RaceKind = 'annotated' | 'mapped' | 'listed'

/** A webhook that is asked for the pods of its own namespace, and races against it. */
export interface RaceScene {
  readonly webhook: Webhook
  /** `workers` at once, at most 8. */
  race(kind: RaceKind, options: { readonly workers: number; readonly rounds: number }): Promise<RaceResult>
}

/** Opens a scene; the webhook is stopped when the test ends. */
export async function openRaceScene(
  t: Test,
  cluster: Cluster,
  options: {
    readonly namespace: string
    readonly mode: 'fresh' | 'cached'
    /** Who creates pods; absent for whoever writes. */
    readonly creator?: ApiClient
    readonly connection?: { readonly url: string; readonly caPem: string }
    /** Whether the policy of the API server gives pods their role before the webhook comes. */
    readonly hasPolicy?: boolean
    /** What there are ServiceAccounts for; absent for all kinds. Each of them costs the policy time. */
    readonly kinds?: readonly RaceKind[]
  },
): Promise<RaceScene> {
  const { namespace, mode, creator = cluster.client, connection, hasPolicy = false } = options
  const { client } = cluster
  const webhook = await useWebhook(t, cluster, {
    namespace,
    components: ['container-credentials'],
    flags: [
      `--service-account-lookup=${mode}`,
      '--watch-config-map',
      `--container-credentials-config-map=${LIST_NAME}`,
      '--log-level=info',
    ],
    ...(connection && { connection }),
  })
  const configMaps = `/api/v1/namespaces/${namespace}/configmaps`
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`
  for (const name of ['pod-identity-webhook', LIST_NAME])
    await client.create(configMaps, { metadata: { name } })
  await webhook.waitUntilReady()
  if (hasPolicy) await usePolicies(t, cluster, { namespaces: [namespace] })
  await registerWebhook(cluster, webhook, { namespace, failurePolicy: 'Fail' })
  const stepsOf: Readonly<Record<RaceKind, Steps>> = {
    annotated: annotationSteps(client, (worker) => `${accounts}/annotated-${worker}`),
    mapped: configMapSteps(
      client,
      `${configMaps}/pod-identity-webhook`,
      (entries) => {
        const roles = [...entries].map(([worker, round]) => [
          `${namespace}/mapped-${worker}`,
          { RoleARN: roleArn(`mapped-${round}`) },
        ])
        return { config: JSON.stringify(Object.fromEntries(roles)) }
      },
      (round) => roleArn(`mapped-${round}`),
    ),
    listed: configMapSteps(
      client,
      `${configMaps}/${LIST_NAME}`,
      (entries) => {
        const identities = [...entries.keys()].map((worker) => ({
          namespace,
          serviceAccount: `listed-${worker}`,
        }))
        return { 'config.json': JSON.stringify({ identities }) }
      },
      () => 'container credentials',
    ),
  }
  for (const kind of options.kinds ?? Object.keys(stepsOf))
    for (let worker = 0; worker < MAX_WORKERS; worker++)
      await client.create(accounts, { metadata: { name: `${kind}-${worker}` } })
  return {
    webhook,
    async race(kind, { workers, rounds }) {
      const accountOf = (worker: number) => `${kind}-${worker}`
      const result = await raceWrites({
        creator,
        namespace,
        workers,
        rounds,
        accountOf,
        steps: stepsOf[kind],
      })
      process.stderr.write(
        `${namespace}: ${mode}, ${kind}, ${workers} at once: ${result.wrong.length} of ${result.podCount} wrong\n`,
      )
      return result
    },
  }
}
