import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { NodePlace } from './node-place.ts'

/** Makes the bridge to which pods are joined, with the node's and the API server's address. */
export function makeBridge({ bridge, gateway, apiServerAddress }: NodePlace): void {
  const ip = (...args: string[]) => execFileSync('ip', args)
  ip('link', 'add', bridge, 'type', 'bridge')
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
