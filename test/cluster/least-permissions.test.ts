import t from 'tap'
import { useCluster } from './support/cluster.ts'
import { APPLY_PATCH, type Attempt, attemptRequest } from './support/permission-probe.ts'
import { grantWebhookAccess, requestToken } from './support/webhook-access.ts'

const NAMESPACE = 'least-permissions'
const NAME = 'pod-identity-webhook'
const CORE = '/api/v1'
const OWN = `${CORE}/namespaces/${NAMESPACE}`
const KUBE_SYSTEM = `${CORE}/namespaces/kube-system`
const REGISTRATIONS = '/apis/admissionregistration.k8s.io/v1'
const WEBHOOKS = `${REGISTRATIONS}/mutatingwebhookconfigurations`
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const MERGE_PATCH = 'application/merge-patch+json'
const ONLY = `fieldSelector=metadata.name%3D${NAME}`
const WATCH = 'watch=true&timeoutSeconds=1'
const DRY_RUN = 'dryRun=All&fieldManager=test'

const cluster = await useCluster(t)
await cluster.createNamespace(NAMESPACE)
await grantWebhookAccess(cluster, NAMESPACE)
const token = await requestToken(cluster, NAMESPACE)
await cluster.client.create(WEBHOOKS, { metadata: { name: NAME } })
await cluster.client.create(WEBHOOKS, { metadata: { name: 'somebody-elses' } })
t.teardown(async () => {
  await cluster.client.send('DELETE', `${WEBHOOKS}/${NAME}`)
  await cluster.client.send('DELETE', `${WEBHOOKS}/somebody-elses`)
})

const attempt = (request: Attempt) => attemptRequest(cluster, token, request)

function describeSecret(name: string, fields = {}) {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: NAMESPACE }, ...fields }
}

function applySecret(name: string, fields = {}): Attempt {
  return {
    method: 'PATCH',
    path: `${OWN}/secrets/${name}?${DRY_RUN}`,
    contentType: APPLY_PATCH,
    body: describeSecret(name, fields),
  }
}

const ALLOWED: Readonly<Record<string, Attempt>> = {
  'list all ServiceAccounts': { method: 'GET', path: `${CORE}/serviceaccounts?limit=1` },
  'watch all ServiceAccounts': { method: 'GET', path: `${CORE}/serviceaccounts?${WATCH}` },
  'get one ServiceAccount': { method: 'GET', path: `${KUBE_SYSTEM}/serviceaccounts/default` },
  'get its ConfigMap': { method: 'GET', path: `${OWN}/configmaps/${NAME}` },
  'list its ConfigMap': { method: 'GET', path: `${OWN}/configmaps?${ONLY}` },
  'watch its ConfigMap': { method: 'GET', path: `${OWN}/configmaps?${ONLY}&${WATCH}` },
  'get its Secret': { method: 'GET', path: `${OWN}/secrets/${NAME}` },
  'list its Secret': { method: 'GET', path: `${OWN}/secrets?${ONLY}` },
  'watch its Secret': { method: 'GET', path: `${OWN}/secrets?${ONLY}&${WATCH}` },
  'patch its Secret': {
    method: 'PATCH',
    path: `${OWN}/secrets/${NAME}`,
    contentType: MERGE_PATCH,
    body: {},
  },
  'create its Secret by server-side apply': applySecret(NAME),
  'get its webhook configuration': { method: 'GET', path: `${WEBHOOKS}/${NAME}` },
  'list its webhook configuration': { method: 'GET', path: `${WEBHOOKS}?${ONLY}` },
  'watch its webhook configuration': { method: 'GET', path: `${WEBHOOKS}?${ONLY}&${WATCH}` },
  'patch its webhook configuration': {
    method: 'PATCH',
    path: `${WEBHOOKS}/${NAME}?${DRY_RUN}`,
    contentType: MERGE_PATCH,
    body: {},
  },
}

const TOKEN_SECRET = {
  type: 'kubernetes.io/service-account-token',
  metadata: { name: 'stolen', annotations: { 'kubernetes.io/service-account.name': 'default' } },
}
const TOKEN_REQUEST = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }

const FORBIDDEN: Readonly<Record<string, Attempt>> = {
  'create another Secret': {
    method: 'POST',
    path: `${OWN}/secrets?${DRY_RUN}`,
    body: describeSecret('other'),
  },
  'create even its own Secret by POST': {
    method: 'POST',
    path: `${OWN}/secrets?${DRY_RUN}`,
    body: describeSecret(NAME),
  },
  'create a Secret whose name is generated': {
    method: 'POST',
    path: `${OWN}/secrets?${DRY_RUN}`,
    body: describeSecret('', { metadata: { generateName: NAME } }),
  },
  'create a token Secret': {
    method: 'POST',
    path: `${OWN}/secrets?${DRY_RUN}`,
    body: describeSecret('stolen', TOKEN_SECRET),
  },
  'apply another Secret': applySecret('other'),
  'apply a token Secret': applySecret('stolen', TOKEN_SECRET),
  'delete its Secret': { method: 'DELETE', path: `${OWN}/secrets/${NAME}?${DRY_RUN}` },
  'get another Secret': { method: 'GET', path: `${OWN}/secrets/other` },
  'list all its Secrets': { method: 'GET', path: `${OWN}/secrets` },
  'get a Secret of its name elsewhere': { method: 'GET', path: `${KUBE_SYSTEM}/secrets/${NAME}` },
  'list the Secrets of the cluster': { method: 'GET', path: `${CORE}/secrets?${ONLY}` },
  'get another ConfigMap': { method: 'GET', path: `${OWN}/configmaps/kube-root-ca.crt` },
  'list all its ConfigMaps': { method: 'GET', path: `${OWN}/configmaps` },
  'get a ConfigMap of its name elsewhere': { method: 'GET', path: `${KUBE_SYSTEM}/configmaps/${NAME}` },
  'write its ConfigMap': {
    method: 'PATCH',
    path: `${OWN}/configmaps/${NAME}`,
    contentType: MERGE_PATCH,
    body: {},
  },
  'annotate a ServiceAccount': {
    method: 'PATCH',
    path: `${OWN}/serviceaccounts/default?${DRY_RUN}`,
    contentType: MERGE_PATCH,
    body: {},
  },
  'create a ServiceAccount': {
    method: 'POST',
    path: `${OWN}/serviceaccounts?${DRY_RUN}`,
    body: { metadata: { name: 'other' } },
  },
  'request a token': { method: 'POST', path: `${OWN}/serviceaccounts/${NAME}/token`, body: TOKEN_REQUEST },
  'request a token elsewhere': {
    method: 'POST',
    path: `${KUBE_SYSTEM}/serviceaccounts/default/token`,
    body: TOKEN_REQUEST,
  },
  'get another webhook configuration': { method: 'GET', path: `${WEBHOOKS}/somebody-elses` },
  'list all webhook configurations': { method: 'GET', path: WEBHOOKS },
  'patch another webhook configuration': {
    method: 'PATCH',
    path: `${WEBHOOKS}/somebody-elses?${DRY_RUN}`,
    contentType: MERGE_PATCH,
    body: {},
  },
  'create a webhook configuration': {
    method: 'POST',
    path: `${WEBHOOKS}?${DRY_RUN}`,
    body: { metadata: { name: NAME } },
  },
  'replace its webhook configuration': {
    method: 'PUT',
    path: `${WEBHOOKS}/${NAME}?${DRY_RUN}`,
    body: { metadata: { name: NAME } },
  },
  'delete its webhook configuration': { method: 'DELETE', path: `${WEBHOOKS}/${NAME}?${DRY_RUN}` },
  'list validating webhook configurations': {
    method: 'GET',
    path: `${REGISTRATIONS}/validatingwebhookconfigurations`,
  },
  'list pods': { method: 'GET', path: `${CORE}/pods` },
  'create a pod': { method: 'POST', path: `${OWN}/pods?${DRY_RUN}`, body: {} },
  'list nodes': { method: 'GET', path: `${CORE}/nodes` },
  'list namespaces': { method: 'GET', path: `${CORE}/namespaces` },
  'read its own Role': { method: 'GET', path: `${RBAC}/namespaces/${NAMESPACE}/roles/${NAME}` },
  'create a ClusterRoleBinding': { method: 'POST', path: `${RBAC}/clusterrolebindings?${DRY_RUN}`, body: {} },
  'record an event': { method: 'POST', path: `${OWN}/events?${DRY_RUN}`, body: {} },
  'take a lease': {
    method: 'POST',
    path: `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases?${DRY_RUN}`,
    body: {},
  },
}

t.test('the webhook may do what it does', async (t) => {
  for (const [what, request] of Object.entries(ALLOWED)) {
    const { status, body } = await attempt(request)
    // There is no ConfigMap and no Secret yet.
    t.ok([200, 201, 404].includes(status), `${what}: ${status} ${status > 299 ? JSON.stringify(body) : ''}`)
  }
})

t.test('the webhook may do nothing else', async (t) => {
  for (const [what, request] of Object.entries(FORBIDDEN)) {
    const { status } = await attempt(request)
    t.equal(status, 403, what)
  }
})

t.test('a deleted Secret is put back by server-side apply, and then written', async (t) => {
  const apply = applySecret(NAME)
  const created = await attempt({ ...apply, path: apply.path.replace('dryRun=All&', '') })
  t.equal(created.status, 201)
  const patched = await attempt({
    method: 'PATCH',
    path: `${OWN}/secrets/${NAME}`,
    contentType: MERGE_PATCH,
    body: { data: { key: 'dmFsdWU=' } },
  })
  t.match(patched, { status: 200, body: { data: { key: 'dmFsdWU=' } } })
})

t.test('the API server lists no other permission', async (t) => {
  const listRules = async (namespace: string) => {
    const { body } = await attempt({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
      body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } },
    })
    const { resourceRules } = (body as { status: { resourceRules: readonly Rule[] } }).status
    return resourceRules
      .filter(({ apiGroups }) => !apiGroups.every((group) => EVERYBODYS_GROUPS.includes(group)))
      .map(({ resources, resourceNames = [], verbs }) =>
        [resources.join(), resourceNames.join(), verbs.toSorted().join()].join(' | '),
      )
      .toSorted()
  }
  const clusterRules = [
    `mutatingwebhookconfigurations | ${NAME} | get,list,patch,watch`,
    'serviceaccounts |  | get,list,watch',
  ]
  t.strictSame(await listRules('default'), clusterRules)
  t.strictSame(await listRules(NAMESPACE), [
    `configmaps | ${NAME} | get,list,watch`,
    clusterRules[0],
    `secrets | ${NAME} | create,get,list,patch,watch`,
    clusterRules[1],
  ])
})

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

/** Who is logged in may ask who he is and what he may do. */
const EVERYBODYS_GROUPS = ['authentication.k8s.io', 'authorization.k8s.io']
