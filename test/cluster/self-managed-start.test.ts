import t from 'tap'
import { ApiClient } from '../../src/kubernetes/api-client.ts'
import { CertificateObjects } from '../../src/webhook/certificates/self-managed/certificate-objects.ts'
import { buildTrustPatch } from '../../src/webhook/certificates/self-managed/webhook-configuration.ts'
import { createTestAuthority } from './support/certificates.ts'
import { useCluster } from './support/cluster.ts'
import { poll } from './support/daemon.ts'
import { INSTALLED_NAME, install } from './support/self-managed-installation.ts'
import { ask, startReplicas, waitUntilReady } from './support/self-managed-replica.ts'

const CONFLICT = { isConflict: true }

const cluster = await useCluster(t)

t.test('20 replicas that start at once on an empty Secret agree on one authority', async (t) => {
  const installation = await install(t, cluster, 'self-managed-start')
  const replicas = await startReplicas(t, cluster, installation, { count: 20 })
  const ports = replicas.map(({ port }) => port)
  t.ok(await waitUntilReady(installation, ports), 'all are ready, and reached by who trusts the caBundle')

  const created = replicas.flatMap(({ lines }) => lines).filter(({ msg }) => /authority created/.test(msg))
  t.equal(created.length, 1, 'one authority was made')
  const secret = await installation.readSecret()
  t.equal(secret?.['ca.crt'], secret?.['tls.crt'], 'and it is all that is trusted')
  t.equal(await installation.readTrustedPem(), secret?.['ca.crt'])
  const troubles = replicas
    .flatMap(({ lines }) => lines)
    .filter(({ level, msg }) => level === 'error' || /cannot be looked after/.test(msg))
  t.strictSame(troubles, [], 'who was slower is not in trouble')
})

t.test(
  'a replica without webhook configuration is ready; the caBundle is filled when the configuration comes',
  async (t) => {
    const installation = await install(t, cluster, 'self-managed-first', { isConfigured: false })
    // Also where nothing ships an empty Secret.
    await installation.deleteSecret()
    const [replica] = await startReplicas(t, cluster, installation, { count: 1 })
    const isReady = await poll(
      async () => replica?.lines.some(({ msg }) => msg === 'ready') || undefined,
      20_000,
    )
    t.ok(isReady, 'nobody calls it, so there is nothing to wait for')
    await installation.createConfiguration()
    t.ok(await waitUntilReady(installation, [replica?.port ?? 0], 20_000))
    const ca = await installation.readTrustedPem()
    t.match(await ask({ port: replica?.port ?? 0, serverName: installation.serverName, ca }, '/healthz'), {
      status: 200,
    })
  },
)

t.test(
  'the API server refuses what was made from an older state, and whatever else the permissions leave out',
  async (t) => {
    const installation = await install(t, cluster, 'self-managed-access')
    const { url, caPem, token } = installation.server
    const client = new ApiClient({
      server: new URL(url),
      tls: { ca: caPem },
      credentials: { readAuthorization: () => Promise.resolve(`Bearer ${token}`), invalidate() {} },
    })
    t.teardown(() => client.close())
    const open = (name: string) =>
      new CertificateObjects({
        client,
        secret: { name, namespace: installation.namespace },
        configurationName: installation.namespace,
        signal: new AbortController().signal,
      })
    const objects = open(INSTALLED_NAME)
    const { metadata } = await objects.readSecret()
    const patch = { metadata: { resourceVersion: metadata.resourceVersion }, data: { 'tls.crt': 'YQ==' } }
    await objects.patchSecret(patch)
    t.match(await findRefusal(objects.patchSecret({ ...patch, data: { 'tls.crt': 'Yg==' } })), CONFLICT)

    const configuration = await objects.readConfiguration()
    if (configuration === undefined) throw new Error('there is no configuration')
    const service = { name: INSTALLED_NAME, namespace: installation.namespace }
    const { certificatePem } = await createTestAuthority('any')
    const trust = buildTrustPatch(configuration, service, certificatePem) ?? []
    await objects.patchConfiguration(trust)
    t.match(await findRefusal(objects.patchConfiguration(trust)), CONFLICT)

    t.match(await findRefusal(open('another').readSecret()), {
      message: /cannot get Secret .*403 Forbidden; grant get of it by name/,
    })
    const secrets = `/api/v1/namespaces/${installation.namespace}/secrets`
    const created = { apiVersion: 'v1', kind: 'Secret', metadata: { name: INSTALLED_NAME } }
    await installation.deleteSecret()
    const request = { path: secrets, method: 'POST', body: created, timeoutMs: 10_000 } as const
    t.match(
      await findRefusal(client.requestJson(request)),
      { status: 403 },
      'a POST is not allowed even by that name',
    )
    t.match(await objects.readSecret(), { metadata: { name: INSTALLED_NAME } }, 'an apply is')
  },
)

async function findRefusal(request: Promise<unknown>): Promise<unknown> {
  return request.then(
    () => 'it was allowed',
    (error: unknown) => error,
  )
}
