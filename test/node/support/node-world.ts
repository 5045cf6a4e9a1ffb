import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { providePythonEnvironment } from '../../aws/python-environment.ts'
import { findNodePrograms, findPause } from '../../cluster/support/control-plane-binaries.ts'
import { openIssuerWorld, REGION } from '../../cluster/support/issuer-world.ts'
import { forwardTcp } from '../../support/tcp-forwarder.ts'
import { prepareContainerd, routeRegistries } from './containerd.ts'
import {
  ECR_ACCOUNTS,
  type EcrWay,
  ecrHost,
  MOTO_ACCOUNT,
  passwordOf,
  setUpEcrProviders,
} from './ecr-providers.ts'
import { IMAGE_NAMES, type NodeImage, pushNodeImages } from './images/node-images.ts'
import { startRegistries } from './images/registry.ts'
import { prepareKubelet } from './kubelet.ts'
import { startKeeper } from './machine/keeper.ts'
import { makeBridge, writeCniConfig } from './machine/network.ts'
import { choosePlace, MARKER } from './machine/node-place.ts'
import { findCniFolder, findObstacle } from './machine/requirements.ts'
import type { NodeConnection } from './node-connection.ts'
import { bootNode } from './node-power.ts'

/** This machine cannot run a node; the message is one line that says how it could. */
export class NodeUnavailableError extends Error {
  override readonly name = 'NodeUnavailableError'
}

/** The bucket that the cluster's issuer is published in. */
const BUCKET = 'node-oidc'

/**
 * Starts a real node and all that it needs, and publishes the cluster's issuer. All of it ends with `scope`, and also where this
 * process ends in any other way. Throws NodeUnavailableError or ControlPlaneUnavailableError.
 */
export async function openNodeWorld(scope: Pick<Test, 'comment' | 'teardown'>): Promise<NodeConnection> {
  const obstacle = findObstacle(process.env)
  if (obstacle !== undefined) throw new NodeUnavailableError(obstacle)
  const python = providePythonEnvironment('moto')
  if ('missing' in python) throw new NodeUnavailableError(python.missing)
  const report = (line: string) => scope.comment(line)
  const programs = await findNodePrograms(process.env, report)
  const pausePath = await findPause(process.env)

  const place = choosePlace()
  process.env[MARKER] = place.folder
  const keeper = await startKeeper(place)
  makeBridge(place)
  const bootstrapToken = randomBytes(24).toString('hex')
  const { serviceRange, apiServerAddress, folder } = place
  const schedulerPath = programs['kube-scheduler']
  const passwords = [ECR_ACCOUNTS.keys, ECR_ACCOUNTS.token, MOTO_ACCOUNT].map(passwordOf)
  const [world, registries] = await Promise.all([
    openIssuerWorld(scope, {
      motoBinFolder: python.binFolder,
      bucket: BUCKET,
      parentFolder: folder,
      nodes: { schedulerPath, serviceRange, apiServerAddress, bootstrapToken },
    }),
    startRegistries(scope, folder, passwords),
  ])
  const { connection } = world.cluster
  const { open, locked } = registries
  const [keys, token, certificate] = locked.map(({ url }) => url)
  const [ecr, , published] = await Promise.all([
    setUpEcrProviders({
      scope,
      place,
      aws: { motoUrl: world.moto.url, stsUrl: world.sts.url, caPem: connection.caPem },
    }),
    pushNodeImages({ folder, host: open.host, pausePath, pythonBinFolder: python.binFolder }),
    world.run('oidc', 'publish', `--bucket=${BUCKET}`, `--region=${REGION}`),
  ])
  if (published.code !== 0) throw new Error(published.stderr)
  for (const object of ecr.rbac) await world.cluster.kubectl(['apply', '--filename=-'], object)
  const forward = async (address: { host: string; port?: number }, url: string) => {
    const forwarder = await forwardTcp(address, Number(new URL(url).port))
    scope.teardown(() => forwarder.close())
    return forwarder.port
  }
  await forward({ host: apiServerAddress, port: 443 }, connection.apiServerUrl)
  const stsPort = await forward({ host: place.gateway }, world.sts.url)

  const ecrUrls: Partial<Record<EcrWay, string | undefined>> = {
    keys,
    token,
    certificate,
    wrongPassword: keys,
  }
  const ways = Object.keys(ECR_ACCOUNTS) as readonly EcrWay[]
  await routeRegistries(place, {
    [open.host]: open.url,
    ...Object.fromEntries(ways.map((way) => [ecrHost(way), ecrUrls[way] ?? keys ?? ''])),
  })
  const images = Object.fromEntries(
    Object.entries(IMAGE_NAMES).map(([image, name]) => [image, `${open.host}/${name}`]),
  ) as Record<NodeImage, string>
  await prepareContainerd({
    place,
    cniBinFolder: findCniFolder() ?? '',
    cniConfigFolder: await writeCniConfig(place),
    pauseImage: images.pause,
  })
  const { apiServerUrl: url, caPem } = connection
  const apiServer = { url, caPem, bootstrapToken }
  const kubelet = await prepareKubelet({ place, command: programs.kubelet, apiServer })
  const podStsUrl = `http://${place.gateway}:${stsPort}`
  const { issuerUrl, env } = world
  const registryHost = open.host
  const node = {
    controlPlane: connection,
    place,
    kubelet,
    ecr,
    images,
    registryHost,
    issuerUrl,
    podStsUrl,
    env,
  }
  await bootNode(node, world.cluster)
  // The last to be added is the first to be called: what runs on the node goes before what it needs.
  scope.teardown(() => keeper.close())
  return node
}
