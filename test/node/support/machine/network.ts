import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { NodePlace } from './node-place.ts'

/** Makes the bridge to which pods are joined, with the node's and the API server's address. */
export function makeBridge({ bridge, gateway, apiServerAddress }: NodePlace): void {
  const ip = (...args: string[]) => execFileSync('ip', args)
  // Without an address of its own it takes that of one of its pods, and another one when that ends: the others then answer to
  // where nobody is until they ask anew, some seconds later.
  const hardwareAddress = `02${randomBytes(5).toString('hex').replaceAll(/../g, ':$&')}`
  ip('link', 'add', bridge, 'address', hardwareAddress, 'type', 'bridge')
  ip('address', 'add', `${gateway}/24`, 'dev', bridge)
  ip('address', 'add', `${apiServerAddress}/32`, 'dev', bridge)
  ip('link', 'set', bridge, 'up')
}

/** Writes how pods get addresses; gives the folder for containerd. */
export async function writeCniConfig({ folder, bridge, podSubnet }: NodePlace): Promise<string> {
  const configFolder = join(folder, 'cni')
  await mkdir(configFolder)
  const ranges = [[{ subnet: podSubnet }]]
  const ipam = {
    type: 'host-local',
    ranges,
    routes: [{ dst: '0.0.0.0/0' }],
    dataDir: join(folder, 'addresses'),
  }
  const plugin = { type: 'bridge', bridge, isGateway: true, hairpinMode: true, ipam }
  const config = { cniVersion: '0.4.0', name: bridge, plugins: [plugin] }
  await writeFile(join(configFolder, '10-bridge.conflist'), JSON.stringify(config))
  return configFolder
}
