import type { V1Pod } from '@kubernetes/client-node'
import t from 'tap'
import { parseLabelSelector } from '../../src/webhook/policy/label-selector.ts'
import { SIZE_LIMIT } from '../../src/webhook/policy/size-limit.ts'
import { DEFAULT_SETTINGS } from '../support/mutation-settings.ts'
import { useCluster } from './support/cluster.ts'
import { poll } from './support/daemon.ts'
import { findIdentity, findTokenSource, WEB_IDENTITY } from './support/pod-credentials.ts'
import { usePolicies, waitForRole } from './support/policy-fixture.ts'
import { useWebhook } from './support/webhook-fixture.ts'
import { describePod, registerWebhook, roleArn } from './support/webhook-registration.ts'

const ACCOUNT_LABEL = 'eks.amazonaws.com/pod-identity-account'
const EVENT_TIMEOUT_MS = 20_000

t.setTimeout(280_000)

const cluster = await useCluster(t)
const { client } = cluster

const accountsOf = (namespace: string) => `/api/v1/namespaces/${namespace}/serviceaccounts`

async function createAccount(namespace: string, name: string, annotations: object, labels: object = {}) {
  return client.create<{ metadata: { labels?: Record<string, string> } }>(accountsOf(namespace), {
    metadata: { name, labels, annotations },
  })
}

async function createPod(namespace: string, pod: object) {
  const answer = await client.send('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod)
  return { ...answer, role: findIdentity(answer.body as V1Pod, WEB_IDENTITY) }
}

/** A pod of so many containers, with variables, mounts and volumes shared out among them, and a long list of names. */
function describeLargePod(size: {
  readonly containers: number
  readonly entries: number
  readonly volumes: number
  readonly skipCharacters: number
}) {
  const perContainer = Math.floor(size.entries / size.containers / 2)
  const each = <Item>(count: number, item: (index: number) => Item) =>
    Array.from({ length: count }, (_, i) => item(i))
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'large',
      annotations: { 'eks.amazonaws.com/skip-containers': 'x,'.repeat(size.skipCharacters / 2) },
    },
    spec: {
      serviceAccountName: 'cart',
      // Its volume and mounts would count too.
      automountServiceAccountToken: false,
      volumes: each(size.volumes, (index) => ({ name: `v${index}`, emptyDir: {} })),
      containers: each(size.containers, (index) => ({
        name: `c${index}`,
        image: 'registry.test.invalid/app:1',
        env: each(perContainer, (variable) => ({ name: `V${variable}`, value: '' })),
        volumeMounts: each(perContainer, (mount) => ({ name: 'v0', mountPath: `/m${mount}` })),
      })),
    },
  }
}

const AT_THE_LIMIT = {
  containers: SIZE_LIMIT.containers,
  entries: SIZE_LIMIT.entries,
  volumes: SIZE_LIMIT.volumes,
  skipCharacters: 2 * Math.floor(SIZE_LIMIT.skipLookups / SIZE_LIMIT.containers / 2),
}

t.test(
  'a pod up to the limit is injected; a larger one is left to the webhook, with a warning, and never refused',
  async (t) => {
    const namespace = 'policy-size'
    await cluster.createNamespace(namespace)
    await usePolicies(t, cluster, { namespaces: [namespace] })
    await createAccount(namespace, 'cart', { 'eks.amazonaws.com/role-arn': roleArn('cart') })
    await waitForRole(client, namespace, 'cart', roleArn('cart'))

    const within = await createPod(namespace, describeLargePod(AT_THE_LIMIT))
    t.strictSame(
      [within.status, within.role],
      [201, roleArn('cart')],
      JSON.stringify(within.body).slice(0, 300),
    )
    const larger = [
      { ...AT_THE_LIMIT, containers: SIZE_LIMIT.containers + 1, skipCharacters: 0 },
      { ...AT_THE_LIMIT, containers: 1, entries: SIZE_LIMIT.entries + 2 },
      { ...AT_THE_LIMIT, volumes: SIZE_LIMIT.volumes + 1 },
      { ...AT_THE_LIMIT, containers: 1, skipCharacters: SIZE_LIMIT.skipCharacters + 2 },
      // As much as a request holds.
      { containers: 5_000, entries: 5_000, volumes: 1, skipCharacters: 0 },
      { containers: 1, entries: 60_000, volumes: 1, skipCharacters: 0 },
      { containers: 1, entries: 0, volumes: 1, skipCharacters: 200_000 },
    ]
    for (const size of larger) {
      const { status, role, warnings, body } = await createPod(namespace, describeLargePod(size))
      t.strictSame(
        [status, role],
        [201, undefined],
        `${JSON.stringify(size)} ${JSON.stringify(body).slice(0, 300)}`,
      )
      t.match(warnings.join('\n'), 'the pod holds more than the policy in the API server looks at')
    }
    const webhook = await useWebhook(t, cluster, { namespace: 'policy-size-webhook' })
    await webhook.waitUntilReady()
    await registerWebhook(cluster, webhook, { namespace, failurePolicy: 'Fail' })
    const isInjected = async () =>
      (await createPod(namespace, describeLargePod({ ...AT_THE_LIMIT, volumes: SIZE_LIMIT.volumes + 1 })))
        .role
    t.equal(
      await poll(isInjected, EVENT_TIMEOUT_MS),
      roleArn('cart'),
      'the webhook injects what the policy leaves',
    )
  },
)

t.test(
  'a policy with a selector looks at labelled ServiceAccounts, and the label is kept on those with a role',
  async (t) => {
    const namespace = 'policy-label'
    await cluster.createNamespace(namespace)
    await createAccount(namespace, 'before', { 'eks.amazonaws.com/role-arn': roleArn('before') })
    const accountSelector = parseLabelSelector(`${ACCOUNT_LABEL}=true`)
    await usePolicies(t, cluster, { namespaces: [namespace], settings: { accountSelector } })

    const labelOf = async (name: string) =>
      (
        await client.get<{ metadata: { labels?: Record<string, string> } }>(
          `${accountsOf(namespace)}/${name}`,
        )
      ).metadata.labels?.[ACCOUNT_LABEL]
    const patch = (name: string, metadata: object) =>
      client.send('PATCH', `${accountsOf(namespace)}/${name}`, { metadata }, 'application/merge-patch+json')

    t.equal(await labelOf('before'), undefined, 'one from before the policy has no label until it is written')
    t.equal((await createPod(namespace, describePod('pod', 'before'))).role, undefined)
    await patch('before', { annotations: { touched: 'true' } })
    t.equal(await labelOf('before'), 'true')
    await waitForRole(client, namespace, 'before', roleArn('before'))

    await createAccount(namespace, 'created', { 'eks.amazonaws.com/role-arn': roleArn('created') })
    t.equal(await labelOf('created'), 'true', 'created with a role')
    await createAccount(namespace, 'plain', {}, { team: 'shop' })
    t.equal(await labelOf('plain'), undefined, 'created without')
    await patch('plain', { annotations: { 'eks.amazonaws.com/role-arn': roleArn('plain') } })
    t.equal(await labelOf('plain'), 'true', 'annotated later')
    await waitForRole(client, namespace, 'plain', roleArn('plain'))
    await patch('plain', { annotations: { 'eks.amazonaws.com/role-arn': null } })
    t.equal(await labelOf('plain'), undefined, 'its role removed')
    await patch('plain', { labels: { [ACCOUNT_LABEL]: 'true' } })
    t.equal(await labelOf('plain'), undefined, 'labelled by hand without a role')
    await patch('created', { labels: { [ACCOUNT_LABEL]: null } })
    t.equal(await labelOf('created'), 'true', 'its label removed by hand')
  },
)

t.test('mappings, composed roles, regions and an audience of its own, as the webhook has them', async (t) => {
  const namespace = 'policy-settings'
  await cluster.createNamespace(namespace)
  const mapping = { audience: undefined, isRegionalSts: undefined, tokenExpirationSeconds: 3_600 }
  await usePolicies(t, cluster, {
    namespaces: [namespace],
    settings: {
      mutation: {
        ...DEFAULT_SETTINGS,
        defaults: { audience: 'mine', tokenExpirationSeconds: 7_200, isRegionalSts: true },
        awsDefaultRegion: 'eu-central-1',
        roleArnParts: { partition: 'aws-cn', accountId: '111122223333' },
      },
      mappings: [
        { namespace, name: 'exact', mapping: { ...mapping, role: 'path/exact' } },
        { namespace, name: 'none', mapping: { ...mapping, role: '' } },
        { namespace: 'policy-s*s', name: 'glob', mapping: { ...mapping, role: 'glob' } },
        { namespace: '*', name: 'none', mapping: { ...mapping, role: 'never' } },
        { namespace: '*', name: 'glob', mapping: { ...mapping, role: 'never' } },
        { namespace: 'policy', name: 'other', mapping: { ...mapping, role: 'never' } },
      ],
    },
  })
  const arn = (name: string) => `arn:aws-cn:iam::111122223333:role/${name}`
  const cases = [
    { name: 'exact', annotations: {}, role: arn('path/exact'), expirationSeconds: 3_600 },
    { name: 'glob', annotations: {}, role: arn('glob'), expirationSeconds: 3_600 },
    { name: 'none', annotations: {}, role: undefined },
    { name: 'other', annotations: {}, role: undefined },
    {
      name: 'own',
      annotations: { 'eks.amazonaws.com/role-arn': 'own' },
      role: arn('own'),
      expirationSeconds: 7_200,
    },
  ]
  for (const { name, annotations } of cases) await createAccount(namespace, name, annotations)
  await waitForRole(client, namespace, 'own', arn('own'))
  for (const { name, role, expirationSeconds } of cases) {
    const answer = await createPod(namespace, describePod('pod', name))
    t.strictSame([answer.status, answer.role], [201, role], name)
    if (role === undefined) continue
    const pod = answer.body as V1Pod
    t.match(findTokenSource(pod, WEB_IDENTITY), { audience: 'mine', expirationSeconds })
    t.strictSame(
      pod.spec?.containers[0]?.env?.slice(0, 3),
      [
        { name: 'AWS_STS_REGIONAL_ENDPOINTS', value: 'regional' },
        { name: 'AWS_DEFAULT_REGION', value: 'eu-central-1' },
        { name: 'AWS_REGION', value: 'eu-central-1' },
      ],
      name,
    )
  }
})

t.test('whoever creates a pod is warned of what a policy can see', async (t) => {
  const namespace = 'policy-warnings'
  await cluster.createNamespace(namespace)
  await usePolicies(t, cluster, { namespaces: [namespace] })
  const role = { 'eks.amazonaws.com/role-arn': roleArn('cart') }
  await createAccount(namespace, 'cart', role)
  await createAccount(namespace, 'wrong', {
    'eks.amazonaws.com/role-arn': 'cart',
    'eks.amazonaws.com/audience': '',
  })
  for (const [name, text] of [
    ['cart', roleArn('cart')],
    ['wrong', '"cart"'],
  ] as const)
    await waitForRole(client, namespace, name, text)

  const cases = [
    { annotations: {}, account: 'cart', words: [] },
    {
      annotations: { 'eks.amazonaws.com/token-expiration': '1h' },
      words: ['token-expiration of the pod has a value that cannot be read'],
    },
    { annotations: { 'eks.amazonaws.com/token-expiration': '-5' }, words: ['is under 600 seconds'] },
    {
      annotations: { 'eks.amazonaws.com/token-expiration': '9999999999' },
      words: ['is over 4294967296 seconds'],
    },
    {
      annotations: { 'eks.amazonaws.com/skip-containers': '"app' },
      words: ['skip-containers of the pod has a value'],
    },
    {
      annotations: { 'eks.amazonaws.com/skip-containers': 'ap' },
      words: ['names a container that the pod does not have'],
    },
    {
      annotations: { 'eks.amazonaws.com/skip-containers': 'app' },
      words: ['got no credentials in any container'],
    },
    { annotations: role, words: ['role-arn of the pod belongs on the ServiceAccount'] },
    {
      annotations: {},
      account: 'wrong',
      words: ['is not the ARN of an IAM role', 'is empty, which asks for'],
    },
    {
      annotations: {},
      volumes: [{ name: 'aws-iam-token', emptyDir: {} }],
      words: ['aws-iam-token is the name of a volume that the pod brought'],
    },
  ]
  for (const { annotations, account = 'cart', volumes, words } of cases) {
    const { metadata, spec, ...type } = describePod('pod', account)
    const pod = {
      ...type,
      metadata: { ...metadata, annotations },
      spec: { ...spec, ...(volumes && { volumes }) },
    }
    const { status, warnings } = await createPod(namespace, pod)
    t.equal(status, 201)
    t.equal(warnings.length, words.length, warnings.join('\n'))
    for (const text of words) t.match(warnings.join('\n'), text)
  }
})

t.test('ephemeral containers get what the others have, by the policy and by the webhook', async (t) => {
  const webhook = await useWebhook(t, cluster, { namespace: 'debug-webhook' })
  await webhook.waitUntilReady()
  for (const namespace of ['debug-policy', 'debug-webhook']) {
    if (namespace === 'debug-policy') {
      await cluster.createNamespace(namespace)
      await usePolicies(t, cluster, { namespaces: [namespace], settings: { hasDebugContainers: true } })
    } else
      await registerWebhook(cluster, webhook, { namespace, failurePolicy: 'Fail', hasDebugContainers: true })
    await createAccount(namespace, 'cart', { 'eks.amazonaws.com/role-arn': roleArn('cart') })
    await waitForRole(client, namespace, 'cart', roleArn('cart'))
    const pods = `/api/v1/namespaces/${namespace}/pods`
    await client.create(pods, describePod('with', 'cart'))
    const { metadata, spec, ...type } = describePod('without', 'cart')
    const labels = { 'eks.amazonaws.com/skip-pod-identity-webhook': 'true' }
    await client.create(pods, { ...type, metadata: { ...metadata, labels }, spec })
    const debug = async (pod: string, names: readonly string[]) => {
      const ephemeralContainers = names.map((name) => ({ name, image: 'registry.test.invalid/shell:1' }))
      const path = `${pods}/${pod}/ephemeralcontainers`
      const answer = await client.send(
        'PATCH',
        path,
        { spec: { ephemeralContainers } },
        'application/strategic-merge-patch+json',
      )
      t.equal(answer.status, 200, JSON.stringify(answer.body).slice(0, 300))
      return (answer.body as V1Pod).spec?.ephemeralContainers
    }
    const expected = [
      { name: 'AWS_ROLE_ARN', value: roleArn('cart') },
      {
        name: 'AWS_WEB_IDENTITY_TOKEN_FILE',
        value: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
      },
    ]
    const [first] = (await debug('with', ['debugger'])) ?? []
    t.strictSame(first?.env, expected, namespace)
    t.match(first?.volumeMounts, [{ name: 'aws-iam-token', readOnly: true }], namespace)
    const both = await debug('with', ['debugger', 'second'])
    t.strictSame(
      both?.map(({ env }) => env),
      [expected, expected],
      `${namespace}: a second one, the first as it was`,
    )
    t.equal(
      (await debug('without', ['debugger']))?.[0]?.env,
      undefined,
      `${namespace}: a pod without the volume`,
    )
  }
})
