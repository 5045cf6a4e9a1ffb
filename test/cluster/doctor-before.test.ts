import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { useCluster } from './support/cluster.ts'
import { runDoctor } from './support/doctor-run.ts'
import { formatKubeconfig } from './support/kubeconfig.ts'

const NAMESPACE = 'doctor-before'
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'

const cluster = await useCluster(t)
const { client, connection } = cluster
await cluster.createNamespace(NAMESPACE)
const kubeconfig = `--kubeconfig=${connection.adminKubeconfigPath}`
const OFFLINE = '--skip=issuer-published'

t.test('a cluster that is fit for the webhook', async (t) => {
  const run = await runDoctor('--pre', kubeconfig, OFFLINE)
  t.strictSame(run.list('failed', 'unread'), [])
  t.match(run.find('kubernetes-version').message, /^Kubernetes v1\.\d+/)
  t.match(run.find('install-permissions').message, 'you may install into namespace eks')
  t.equal(run.exitCode, 0)
})

t.test('the issuer is looked at before as well', async (t) => {
  const run = await runDoctor('--pre', kubeconfig)
  t.strictSame(run.list('failed'), ['issuer-published'])
  t.equal(run.exitCode, 1)
})

t.test('somebody who may not install, and a webhook that is there already', async (t) => {
  await client.create(CONFIGURATIONS, { metadata: { name: 'old-pod-identity-webhook' } })
  t.teardown(() => client.send('DELETE', `${CONFIGURATIONS}/old-pod-identity-webhook`))
  t.match((await runDoctor('--pre', kubeconfig, OFFLINE)).find('no-other-webhook'), {
    status: 'warning',
    message: /is registered: .*old-pod-identity-webhook/,
  })

  const { status } = await client.create<{ status: { token: string } }>(
    `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/default/token`,
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } },
  )
  const path = join(connection.workFolder, 'doctor-before.kubeconfig')
  const { apiServerUrl: url, caPem } = connection
  await writeFile(path, formatKubeconfig({ url, caPem, token: status.token }), { mode: 0o600 })
  const run = await runDoctor('--pre', `--kubeconfig=${path}`, OFFLINE)
  t.match(run.find('install-permissions'), {
    status: 'failed',
    message:
      /create validatingadmissionpolicies\.admissionregistration\.k8s\.io.*create secrets in namespace eks/,
  })
  t.match(run.find('no-other-webhook'), {
    status: 'unread',
    message: 'you may not list mutatingwebhookconfigurations.admissionregistration.k8s.io',
  })
  t.equal(run.exitCode, 1)
})

t.test('a mistyped check, a mistyped name, and no cluster', async (t) => {
  t.match(await runDoctor('--skip=issuer-publised'), {
    exitCode: 2,
    stderr: /there is no check "issuer-publised"; did you mean issuer-published\?\n$/,
  })
  t.match(await runDoctor('--service-account=cart'), { exitCode: 2, stderr: /NAMESPACE\/NAME/ })
  t.match(await runDoctor('--kubeconfig=/nowhere'), {
    exitCode: 2,
    stderr: /cannot read the kubeconfig \/nowhere/,
  })
})
