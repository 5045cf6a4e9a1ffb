import { BlockList, isIPv6 } from 'node:net'
import type { V1EndpointSlice, V1NetworkPolicy, V1NetworkPolicyPeer, V1Pod } from '@kubernetes/client-node'
import { fail, pass, skip, type Verdict, warn } from '../../checks/verdict.ts'
import type { CheckContext } from '../check.ts'
import type { ClusterReader } from '../cluster-reader.ts'
import { selects } from '../label-selector.ts'

const HINT =
  'let everybody in to the port https, as deploy/base/network-policy.yaml does: API servers are on no pod network that a rule could name'

/** Whether NetworkPolicies let API servers reach the replicas. */
export async function checkNetworkPolicy({ reader, installation }: CheckContext): Promise<Verdict> {
  const [pod] = await installation.pods()
  if (pod === undefined) return skip('there is no replica')
  const namespace = await installation.namespace()
  const policies = (await reader.list<V1NetworkPolicy>('networkpolicies', namespace)).filter(
    ({ spec }) =>
      selects(spec?.podSelector, pod.metadata?.labels) &&
      (spec?.policyTypes ?? ['Ingress']).includes('Ingress'),
  )
  if (policies.length === 0) return pass('no NetworkPolicy keeps anybody from the replicas')
  const names = policies.map(({ metadata }) => metadata?.name).join(', ')
  const rules = policies
    .flatMap(({ spec }) => spec?.ingress ?? [])
    .filter((rule) => opensPort(rule, findServingPort(pod)))
  if (rules.length === 0)
    return fail({
      message: `NetworkPolicy ${names} lets nobody in to the port https of the replicas`,
      hint: HINT,
    })
  if (rules.some((rule) => sourcesOf(rule).length === 0))
    return pass(`NetworkPolicy ${names} lets everybody in to the port https`)
  const addresses = await findApiServers(reader)
  const outside = addresses.filter((address) => !rules.some((rule) => allowsAddress(rule, address)))
  if (addresses.length > 0 && outside.length === 0)
    return pass(`NetworkPolicy ${names} lets the API servers in (${addresses.join(', ')})`)
  return warn({
    message: `NetworkPolicy ${names} names who may reach the port https, and API servers${outside.length > 0 ? ` (${outside.join(', ')})` : ''} are not among them for certain`,
    hint: HINT,
  })
}

/** The API writes `from`, and the client's types `_from`. */
interface IngressRule {
  readonly from?: readonly V1NetworkPolicyPeer[]
  readonly ports?: readonly {
    readonly port?: string | number
    readonly endPort?: number
    readonly protocol?: string
  }[]
}

function sourcesOf(rule: object): readonly V1NetworkPolicyPeer[] {
  return (rule as IngressRule).from ?? []
}

/** By name and by number. */
function findServingPort({ spec }: V1Pod): { readonly name: string; readonly number: number } {
  const ports = spec?.containers.flatMap((container) => container.ports ?? []) ?? []
  return { name: 'https', number: ports.find(({ name }) => name === 'https')?.containerPort ?? 8443 }
}

function opensPort(rule: object, serving: { readonly name: string; readonly number: number }): boolean {
  const { ports = [] } = rule as IngressRule
  return (
    ports.length === 0 ||
    ports.some(({ port, endPort, protocol = 'TCP' }) => {
      if (protocol !== 'TCP') return false
      if (typeof port !== 'number') return port === undefined || port === serving.name
      return serving.number >= port && serving.number <= (endPort ?? port)
    })
  )
}

async function findApiServers(reader: ClusterReader): Promise<readonly string[]> {
  const slices = await reader.list<V1EndpointSlice>(
    'endpointslices',
    'default',
    'kubernetes.io/service-name=kubernetes',
  )
  return slices.flatMap(({ endpoints = [] }) => endpoints.flatMap(({ addresses }) => addresses))
}

function allowsAddress(rule: object, address: string): boolean {
  const family = isIPv6(address) ? 'ipv6' : 'ipv4'
  const contains = (cidr: string) => {
    const [network = '', length = ''] = cidr.split('/')
    if (isIPv6(network) !== isIPv6(address)) return false
    const list = new BlockList()
    list.addSubnet(network, Number(length), family)
    return list.check(address, family)
  }
  return sourcesOf(rule).some(
    ({ ipBlock }) =>
      ipBlock !== undefined && contains(ipBlock.cidr) && !(ipBlock.except ?? []).some(contains),
  )
}
