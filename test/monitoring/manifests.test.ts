import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { METRICS } from '../../src/telemetry/metric-table.ts'

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0
const skip = hasKubectl ? false : 'kubectl, whose kustomize builds the manifests, is not installed'

t.test('the component builds into any namespace, and what it makes finds each other', { skip }, async (t) => {
  const folder = t.testdir()
  const fromFolder = (path: string) => relative(folder, path)
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    namespace: 'elsewhere',
    resources: [fromFolder('deploy/base')],
    components: ['monitoring', 'oidc-sync'].map((name) => fromFolder(`deploy/components/${name}`)),
  }
  t.testdir({ 'kustomization.yaml': JSON.stringify(kustomization) })
  const text = execFileSync('kubectl', ['kustomize', folder], { encoding: 'utf8' })
  const objects = parseAllDocuments(text).map((document) => document.toJS())
  const find = (kind: string, name: string) =>
    objects.find((object) => object.kind === kind && object.metadata.name === name)

  const monitor = find('ServiceMonitor', 'pod-identity-webhook')
  const service = find('Service', 'pod-identity-webhook-metrics')
  const syncMonitor = find('PodMonitor', 'pod-identity-webhook-oidc-sync')
  const rules = find('PrometheusRule', 'pod-identity-webhook')
  const dashboard = find('ConfigMap', 'pod-identity-webhook-dashboard')
  for (const object of [monitor, syncMonitor, service, rules, dashboard])
    t.equal(object.metadata.namespace, 'elsewhere')

  const selected = objects.filter(
    ({ kind, metadata }) =>
      kind === 'Service' &&
      Object.entries(monitor.spec.selector.matchLabels).every(
        ([label, value]) => metadata.labels[label] === value,
      ),
  )
  t.strictSame(selected, [service], 'the ServiceMonitor takes the one Service')
  t.equal(
    service.metadata.labels[monitor.spec.jobLabel],
    'pod-identity-webhook',
    'the job that the rules name',
  )
  t.equal(monitor.spec.endpoints[0].port, service.spec.ports[0].name)
  const { template } = find('Deployment', 'pod-identity-webhook').spec
  t.match(template.metadata.labels, service.spec.selector)
  t.match(template.spec.containers[0].ports, [{ name: 'https' }, { name: service.spec.ports[0].targetPort }])

  const sync = find('Deployment', 'pod-identity-webhook-oidc-sync').spec.template
  t.match(sync.metadata.labels, syncMonitor.spec.selector.matchLabels)
  t.match(sync.spec.containers[0].ports, [{ name: syncMonitor.spec.podMetricsEndpoints[0].port }])

  t.equal(dashboard.metadata.labels.grafana_dashboard, '1')
  const source = readFileSync('deploy/components/monitoring/dashboard.json', 'utf8')
  t.equal(dashboard.data['pod-identity-webhook.json'], source)
  t.match(source, METRICS.ready.name)
})
