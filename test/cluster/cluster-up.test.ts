import { createHash } from 'node:crypto'
import { glob, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type {
  V1Deployment,
  V1MutatingWebhookConfiguration,
  V1MutatingWebhookConfigurationList,
} from '@kubernetes/client-node'
import t from 'tap'
import {
  addCertManagerKinds,
  findCertManagerDefinitions,
  removeCertManagerKinds,
} from './support/cert-manager.ts'
import { useCluster } from './support/cluster.ts'
import { poll } from './support/daemon.ts'
import { formatKubeconfig } from './support/kubeconfig.ts'
import { runMake } from './support/make-command.ts'
import { reportPodStatus } from './support/pod-status.ts'

const IMAGE = 'registry.test.invalid:5000/webhook:1.2.3'
const NAMESPACE = 'aws-identities'
const KEPT_NAMESPACE = 'aws-kept'
const READY_NAMESPACE = 'aws-ready'
const OTHER_NAMESPACE = 'aws-unready'
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const OWN = '--selector=app.kubernetes.io/name=pod-identity-webhook'
const OWN_KINDS =
  'namespaces,clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingadmissionpolicies,serviceaccounts,roles,rolebindings,secrets,configmaps,services,deployments,poddisruptionbudgets,networkpolicies'
const STEP_TIMEOUT_MS = 30_000
const TIMEOUT_MS = 240_000

t.setTimeout(TIMEOUT_MS)

const cluster = await useCluster(t)
const definitions = await findCertManagerDefinitions()

t.test('deploys in order, twice, and changes nothing in the checkout', async (t) => {
  const before = await digestCheckout()
  const variables = {
    IMAGE,
    NAMESPACE,
    WAIT: 'no',
    COMPONENTS: 'required container-credentials',
    ARGS: "--aws-default-region=eu-central-1 --token-audience='two words'",
  }
  const first = await runMake(cluster, 'cluster-up', variables)
  t.match(first, { exitCode: 0, stderr: '' })
  t.match(first.stdout, /^1\/5 Asking the cluster\n {4}context test, Kubernetes v1\.\d+/)
  t.match(first.stdout, /certificates: self-managed; components: required, container-credentials/)
  t.notMatch(first.stdout, /Warning/)
  const deployment = await cluster.client.get<V1Deployment>(
    `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/pod-identity-webhook`,
  )
  const [container] = deployment.spec?.template.spec?.containers ?? []
  t.equal(container?.image, IMAGE)
  t.strictSame(container?.args?.slice(-2), [
    '--aws-default-region=eu-central-1',
    '--token-audience=two words',
  ])
  t.match(await cluster.client.get(`${CONFIGURATIONS}/pod-identity-webhook`), {
    webhooks: Array(3).fill({ clientConfig: { service: { namespace: NAMESPACE } } }),
  })

  const versions = await listOwnVersions()
  t.match(await runMake(cluster, 'cluster-up', variables), { exitCode: 0, stderr: '' })
  t.strictSame(await listOwnVersions(), versions, 'the second time nothing changes')
  t.equal(await digestCheckout(), before)
})

t.test('what an earlier choice left is removed; what people wrote stays', async (t) => {
  const variables = { IMAGE, NAMESPACE, WAIT: 'no', COMPONENTS: 'verify-credentials' }
  t.match(await runMake(cluster, 'cluster-up', variables), { exitCode: 0 })
  t.match(await runMake(cluster, 'cluster-up', { IMAGE, NAMESPACE, WAIT: 'no' }), { exitCode: 0 })
  const names = await listOwn('validatingadmissionpolicies,configmaps')
  t.strictSame(names, [
    // Always there: the check of annotations.
    'ValidatingAdmissionPolicy/pod-identity-webhook-annotations',
    'ConfigMap/pod-identity-webhook-container-credentials',
  ])
  const { webhooks } = await cluster.client.get<V1MutatingWebhookConfiguration>(
    `${CONFIGURATIONS}/pod-identity-webhook`,
  )
  t.equal(webhooks?.length, 1)
})

t.test(
  'certificates stay as they are until they are asked for otherwise',
  { skip: definitions === undefined },
  async (t) => {
    await addCertManagerKinds(cluster, definitions ?? [])
    t.teardown(() => removeCertManagerKinds(cluster))
    const auto = await runMake(cluster, 'cluster-up', { IMAGE, NAMESPACE, WAIT: 'no' })
    t.match(auto.stdout, /certificates: self-managed;/, 'though cert-manager is here now')
    const changed = await runMake(cluster, 'cluster-up', {
      IMAGE,
      NAMESPACE,
      WAIT: 'no',
      CERTS: 'cert-manager',
    })
    t.match(changed, {
      exitCode: 0,
      stderr: '',
      stdout: /certificates were self-managed: both are trusted until/,
    })
    t.strictSame(await listOwn('secrets,certificates.cert-manager.io'), [
      'Certificate/pod-identity-webhook',
      'Certificate/pod-identity-webhook-ca',
    ])
    t.match(await cluster.client.get(`${CONFIGURATIONS}/pod-identity-webhook`), {
      metadata: { annotations: { 'cert-manager.io/inject-ca-from': `${NAMESPACE}/pod-identity-webhook` } },
    })
    const back = await runMake(cluster, 'cluster-up', { IMAGE, NAMESPACE, WAIT: 'no', CERTS: 'self-managed' })
    t.match(back, { exitCode: 0, stderr: '' })
    t.strictSame(await listOwn('secrets,certificates.cert-manager.io'), ['Secret/pod-identity-webhook'])
  },
)

t.test('cluster-down wants the namespace that the webhook is in', async (t) => {
  const { stderr } = await runMake(cluster, 'cluster-down', {})
  t.match(
    stderr,
    /^cluster-down: the webhook of this cluster is in namespace aws-identities: make cluster-down NAMESPACE=aws-identities$/m,
  )
})

t.test('cluster-down keeps what people wrote, and the namespace with it', async (t) => {
  const name = 'pod-identity-webhook-container-credentials'
  const scope = `--namespace=${NAMESPACE}`
  const data = JSON.stringify({ data: { 'config.json': '{"identities":[]}' } })
  await cluster.kubectl(['patch', 'configmap', scope, name, `--patch=${data}`])
  const down = await runMake(cluster, 'cluster-down', { NAMESPACE })
  t.match(down, { exitCode: 0, stderr: '' })
  t.match(down.stdout, new RegExp(`ConfigMap ${name} is kept: people wrote it; kubectl delete `))
  t.match(down.stdout, new RegExp(`it is kept: it holds ConfigMap/${name}\n`))
  t.strictSame(await listOwn(OWN_KINDS), [`Namespace/${NAMESPACE}`, `ConfigMap/${name}`])
  await cluster.kubectl(['delete', 'configmap', scope, name])
})

t.test('cluster-down removes everything, and is content where nothing is left', async (t) => {
  t.match(await runMake(cluster, 'cluster-down', { NAMESPACE }), { exitCode: 0, stderr: '' })
  t.strictSame(await listOwn(OWN_KINDS), [])
  const again = await runMake(cluster, 'cluster-down', { NAMESPACE })
  t.match(again, { exitCode: 0, stderr: '' })
  t.match(again.stdout, /4\/4 Removing namespace aws-identities\n {4}it is not there/)
})

t.test('a namespace with anything else in it is kept', async (t) => {
  await cluster.createNamespace('shared')
  await runMake(cluster, 'cluster-up', { IMAGE, NAMESPACE: 'shared', WAIT: 'no' })
  const shared = await runMake(cluster, 'cluster-down', { NAMESPACE: 'shared' })
  t.match(shared.stdout, /it is kept: it was there before the webhook/)

  await runMake(cluster, 'cluster-up', { IMAGE, NAMESPACE: KEPT_NAMESPACE, WAIT: 'no' })
  await cluster.kubectl(['create', 'configmap', `--namespace=${KEPT_NAMESPACE}`, 'pod-identity-webhook'])
  const own = await runMake(cluster, 'cluster-down', { NAMESPACE: KEPT_NAMESPACE })
  t.match(own.stdout, /it is kept: it holds ConfigMap\/pod-identity-webhook\n/)
  t.strictSame(await listOwn(OWN_KINDS), [`Namespace/${KEPT_NAMESPACE}`])
  await cluster.kubectl(['delete', 'namespace', '--wait=false', KEPT_NAMESPACE, 'shared'])
})

t.test('registers the webhook once its replicas are ready, and waits until it is trusted', async (t) => {
  const isDone = runMake(cluster, 'cluster-up', { IMAGE, NAMESPACE: READY_NAMESPACE, TIMEOUT: '30' })
  await reportPodStatus(cluster, { namespace: READY_NAMESPACE, count: 2, isReady: false })
  t.strictSame(await listConfigurations(), [], 'not while they are unready')
  await reportPodStatus(cluster, { namespace: READY_NAMESPACE, count: 2, isReady: true })
  const certificate = Buffer.from(cluster.connection.caPem).toString('base64')
  const data = JSON.stringify({ data: { 'tls.crt': certificate, 'ca.crt': certificate } })
  const scope = `--namespace=${READY_NAMESPACE}`
  await cluster.kubectl(['patch', 'secret', scope, 'pod-identity-webhook', `--patch=${data}`])
  t.match(await isDone, { exitCode: 0, stderr: '', stdout: /7\/7 / })
  t.match(await cluster.client.get(`${CONFIGURATIONS}/pod-identity-webhook`), {
    webhooks: [{ clientConfig: { caBundle: certificate } }],
  })
})

t.test('says which pod is not ready, and why', async (t) => {
  t.match(await runMake(cluster, 'cluster-down', { NAMESPACE: READY_NAMESPACE, WAIT: 'no' }), { exitCode: 0 })
  const namespace = OTHER_NAMESPACE
  const isDone = runMake(cluster, 'cluster-up', { IMAGE, NAMESPACE: namespace, TIMEOUT: '4' })
  const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image' }
  await reportPodStatus(cluster, { namespace, count: 2, isReady: false, waiting })
  const { exitCode, stderr } = await isDone
  t.equal(exitCode, 2)
  t.match(
    stderr,
    /^cluster-up: the webhook is not ready after 4 s: pod aws-unready\/pod-identity-webhook-\S+: ImagePullBackOff: Back-off pulling image; nothing is registered: pods get no credentials yet$/m,
  )
  t.strictSame(await listConfigurations(), [], 'nothing is registered')
  t.match(await runMake(cluster, 'cluster-down', { NAMESPACE: namespace, WAIT: 'no' }), { exitCode: 0 })
})

t.test('says what is missing before anything is changed', async (t) => {
  const kubeconfigPath = join(cluster.connection.workFolder, 'nobody.kubeconfig')
  const { status } = await cluster.client.create<{ status: { token: string } }>(
    '/api/v1/namespaces/default/serviceaccounts/default/token',
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  )
  const { apiServerUrl: url, caPem } = cluster.connection
  await writeFile(kubeconfigPath, formatKubeconfig({ url, caPem, token: status.token }), { mode: 0o600 })
  const deny = () => runMake(cluster, 'cluster-up', { IMAGE, NAMESPACE }, kubeconfigPath)
  t.match(
    (await deny()).stderr,
    /^cluster-up: mutatingwebhookconfigurations\S+ .* is forbidden: User \S+ cannot get resource "mutatingwebhookconfigurations"/m,
  )
  await cluster.kubectl([
    'create',
    'clusterrolebinding',
    'reader',
    '--clusterrole=reader',
    '--serviceaccount=default:default',
  ])
  await cluster.client.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
    metadata: { name: 'reader' },
    rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get'] }],
  })
  const isRead = await poll(async () => {
    const { stderr } = await deny()
    return (
      /^cluster-up: you have no permission to create namespaces, patch namespaces, .*patch mutatingwebhookconfigurations\.admissionregistration\.k8s\.io, .*: ask an administrator/m.test(
        stderr,
      ) || undefined
    )
  }, STEP_TIMEOUT_MS)
  t.ok(isRead, 'everything that is missing is listed')
  const verbs = ['get', 'list', 'create', 'patch', 'update', 'delete']
  const rule = JSON.stringify({ rules: [{ apiGroups: ['*'], resources: ['*'], verbs }] })
  await cluster.kubectl(['patch', 'clusterrole', 'reader', `--patch=${rule}`])
  const isRefused = await poll(async () => {
    const { stderr } = await deny()
    return /you may not give the webhook \S+ pod-identity-webhook, which holds what you have not: \{.*watch.*: ask an administrator of the cluster, or for the verb escalate/.test(
      stderr,
    )
      ? true
      : undefined
  }, STEP_TIMEOUT_MS)
  t.ok(isRefused, 'permissions that cannot be given are told of')
  await cluster.kubectl(['delete', 'clusterrole/reader', 'clusterrolebinding/reader'])

  const withoutCertManager = await runMake(cluster, 'cluster-up', { IMAGE, NAMESPACE, CERTS: 'cert-manager' })
  t.match(
    withoutCertManager.stderr,
    /^cluster-up: CERTS=cert-manager: the cluster has no cert-manager: install it/m,
  )

  const withoutOperator = await runMake(cluster, 'cluster-up', { IMAGE, NAMESPACE, COMPONENTS: 'monitoring' })
  t.match(
    withoutOperator.stderr,
    /^cluster-up: the cluster knows no \w+ of monitoring\.coreos\.com\/v1: install/m,
  )
  // The namespaces of earlier tests are ending until now: a namespace takes five seconds to go.
  const isNothingLeft = async () => (await listOwn(OWN_KINDS)).length === 0 || undefined
  t.ok(await poll(isNothingLeft, STEP_TIMEOUT_MS), 'nothing is left')
})

async function listConfigurations(): Promise<readonly string[]> {
  const { items } = await cluster.client.get<V1MutatingWebhookConfigurationList>(CONFIGURATIONS)
  return items.flatMap(({ metadata }) => (metadata?.name === 'pod-identity-webhook' ? [metadata.name] : []))
}

/** What other test files have made is none of this one's. */
async function listOwn(kinds: string): Promise<readonly string[]> {
  const line = '{.metadata.namespace}{" "}{.kind}{"/"}{.metadata.name}{"\\n"}'
  const path = `--output=jsonpath={range .items[*]}${line}{end}`
  const { stdout } = await cluster.kubectl(['get', kinds, '--all-namespaces', OWN, path])
  const own = [NAMESPACE, KEPT_NAMESPACE, READY_NAMESPACE, OTHER_NAMESPACE, 'shared']
  return stdout.split('\n').flatMap((text) => {
    const [namespace = '', object = ''] = text.split(' ')
    const name = object.slice(object.indexOf('/') + 1)
    const isOwn =
      namespace === '' ? /^pod-identity-webhook/.test(name) || own.includes(name) : own.includes(namespace)
    return isOwn ? [object] : []
  })
}

/** The Deployment is left out: its controller writes the status. */
async function listOwnVersions(): Promise<string> {
  const kinds = OWN_KINDS.replace('deployments,poddisruptionbudgets,', '')
  const template =
    '--output=jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{"\\n"}{end}'
  const { stdout } = await cluster.kubectl(['get', kinds, '--all-namespaces', OWN, template])
  t.match(stdout, `Namespace/${NAMESPACE} `)
  return stdout
}

async function digestCheckout(): Promise<string> {
  const hash = createHash('sha256')
  const files: string[] = []
  for await (const file of glob('{deploy,scripts/cluster}/**/*.{ts,yaml}')) files.push(file)
  for (const file of files.toSorted((a, b) => a.localeCompare(b)))
    hash.update(file).update(await readFile(file))
  return hash.digest('hex')
}
