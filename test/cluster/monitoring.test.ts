import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { createKubectl } from '../../scripts/cluster/kubectl.ts'
import { toList } from '../../scripts/cluster/manifest.ts'
import { renderManifests } from '../../scripts/cluster/rendered-manifests.ts'
import { hasGo } from '../monitoring/promtool.ts'
import { useCluster } from './support/cluster.ts'

/** A Go module of its own that pins the Prometheus Operator's, which carries the CRDs. */
const MODULE_FOLDER = fileURLToPath(new URL('prometheus/', import.meta.url))
const MODULE = 'github.com/prometheus-operator/prometheus-operator'
const KINDS = ['prometheusrules', 'servicemonitors', 'podmonitors']
const NAMESPACE = 'monitoring-component'

const skip = hasGo() ? false : 'Go, which fetches the CRDs of the Prometheus Operator, is not installed'

t.test(
  'the API server takes the component’s objects, as the Prometheus Operator defines them',
  { skip },
  async (t) => {
    const cluster = await useCluster(t)
    const run = async (args: readonly string[], input?: object) => {
      const result = await cluster.kubectl(args, input)
      if (result.exitCode !== 0) throw new Error(`kubectl ${args[0]}: ${result.stderr}`)
      return result
    }
    const runGo = (...args: readonly string[]) =>
      execFileSync('go', args, { cwd: MODULE_FOLDER, encoding: 'utf8' }).trim()
    runGo('mod', 'download', MODULE)
    const folder = join(runGo('list', '-m', '-f', '{{.Dir}}', MODULE), 'example', 'prometheus-operator-crd')
    const definitions = KINDS.map((kind) => `customresourcedefinition/${kind}.monitoring.coreos.com`)
    const files = KINDS.map((kind) => `--filename=${join(folder, `monitoring.coreos.com_${kind}.yaml`)}`)
    t.teardown(() => run(['delete', '--ignore-not-found', ...definitions]))
    await run(['apply', '--server-side', ...files])
    await run(['wait', '--for=condition=Established', '--timeout=30s', ...definitions])
    await cluster.createNamespace(NAMESPACE)

    const options = { namespace: NAMESPACE, certificateMode: 'self-managed' } as const
    const kubectl = createKubectl(cluster.connection.kubectlPath)
    const without = await renderManifests(kubectl, { ...options, components: [] })
    const names = new Set(without.map(({ kind, metadata }) => `${kind}/${metadata.name}`))
    const manifests = await renderManifests(kubectl, { ...options, components: ['monitoring'] })
    const added = manifests.filter(({ kind, metadata }) => !names.has(`${kind}/${metadata.name}`))
    t.strictSame(added.map(({ kind }) => kind).sort(), [
      'ConfigMap',
      'PodMonitor',
      'PodMonitor',
      'PrometheusRule',
      'Service',
      'ServiceMonitor',
    ])

    const apply = ['apply', '--server-side', '--validate=strict', '--filename=-']
    const { stdout, stderr } = await run(apply, toList(added))
    t.equal(stderr, '', 'without a warning')
    t.equal(stdout.trim().split('\n').length, added.length)
  },
)
