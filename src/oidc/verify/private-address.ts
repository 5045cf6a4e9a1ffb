import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { type Environment, readConfiguredEndpoint } from '../../aws/endpoint.ts'
import { findProxy } from '../../aws/proxy.ts'
import type { Flaw } from './check.ts'

/** Networks that the internet does not lead to: RFC 1918, 3927, 4193, 4291, 6598. */
const PRIVATE_NETWORKS = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const

/** Whether an address cannot be reached from the internet. */
export function isPrivateAddress(address: string): boolean {
  const networks = new BlockList()
  for (const [network, bits] of PRIVATE_NETWORKS) networks.addSubnet(network, bits, kindOf(network))
  return isIP(address) !== 0 && networks.check(address, kindOf(address))
}

/** Where an STS on this machine's loopback stands in for AWS's, as in tests, it reaches what this machine reaches. */
const LOOPBACK_ENDPOINT = /^https?:\/\/(?:localhost|127(?:\.\d+){3}|\[::1\])(?:[:/]|$)/

/** Remarks that STS cannot reach a host whose addresses are all private, as far as this machine can tell. */
export async function remarkOnAddress({ href, hostname }: URL, env: Environment): Promise<readonly Flaw[]> {
  if (LOOPBACK_ENDPOINT.test(readConfiguredEndpoint(env, 'STS') ?? '')) return []
  // Behind a proxy, this machine's DNS need not know what the internet's does.
  if (findProxy(new URL(href), env) !== undefined) return []
  const name = hostname.replace(/^\[|\]$/g, '')
  const addresses = await lookup(name, { all: true }).catch(() => [])
  const [first] = addresses
  if (first === undefined || !addresses.every(({ address }) => isPrivateAddress(address))) return []
  return [
    {
      message: `${hostname} has the private address ${first.address} here, which STS cannot reach`,
      hint: 'serve it where the internet reaches it, unless DNS tells the internet another address',
    },
  ]
}

function kindOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}
