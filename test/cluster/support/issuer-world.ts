import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { type MotoServer, startMotoServer } from '../../aws/moto/moto-server.ts'
import type { ProgramRun } from '../../support/program-run.ts'
import { type Cluster, openCluster } from './cluster.ts'
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './control-plane.ts'
import { findControlPlaneBinaries } from './control-plane-binaries.ts'
import { openPublicStorage, type PublicStorage } from './issuer-storage.ts'
import { startVerifyingSts, type VerifyingSts } from './issuer-sts.ts'
import { findWebhookScript } from './webhook.ts'

/** A control plane whose tokens name an issuer in S3, and an AWS that has nothing yet. */
export interface IssuerWorld {
  readonly controlPlane: ControlPlane
  readonly cluster: Cluster
  readonly moto: MotoServer
  readonly storage: PublicStorage
  readonly sts: VerifyingSts
  readonly issuerUrl: string
  readonly bucket: string
  /** Leads programs to the cluster, to that AWS and to its public side. */
  readonly env: Readonly<Record<string, string>>
  /** For files of the test. */
  readonly folder: string
  /** Runs pod-identity-webhook to its end; rejects where it prints what looks like a token. */
  run(...args: readonly string[]): Promise<ProgramRun>
  /** Asks for a token for AWS, bound to a pod if one is given. */
  requestToken(account: {
    readonly namespace: string
    readonly name: string
    readonly pod?: { readonly name: string; readonly uid: string }
    readonly audience?: string
    readonly expirationSeconds?: number
  }): Promise<string>
}

export const REGION = 'eu-central-1'

/** Of the tokens that STS takes. */
export const AUDIENCE = 'sts.amazonaws.com'

/** moto's AWS keys: it takes any. */
export const CREDENTIALS = { accessKeyId: 'AKIATEST000000000001', secretAccessKey: 'test' }

/** Opens a world that ends with the test. `motoBinFolder` is that of a Python environment's programs. */
export async function openIssuerWorld(
  t: Pick<Test, 'comment' | 'teardown'>,
  options: {
    readonly motoBinFolder: string
    readonly bucket: string
    readonly hasControllers?: boolean
  } & Pick<ControlPlaneOptions, 'nodes' | 'parentFolder'>,
): Promise<IssuerWorld> {
  const { motoBinFolder, bucket, hasControllers = false, ...more } = options
  const host = `s3.${REGION}.amazonaws.com`
  const issuerUrl = `https://${host}/${bucket}`
  const binaries = await findControlPlaneBinaries(process.env, (line) => t.comment(line))
  const controlPlane = await startControlPlane(binaries, { hasControllers, issuer: issuerUrl, ...more })
  const cluster = openCluster(controlPlane.connection)
  t.teardown(async () => {
    cluster.close()
    await controlPlane.stop()
  })
  const moto = await startMotoServer(motoBinFolder)
  t.teardown(() => moto.close())
  const storage = await openPublicStorage(moto.url, host)
  t.teardown(() => storage.close())
  const sts = await startVerifyingSts(moto.url, storage, issuerUrl)
  t.teardown(() => sts.close())
  const folder = await mkdtemp(join(cluster.connection.workFolder, 'issuer-'))
  const caPath = join(folder, 'storage-ca.crt')
  await writeFile(caPath, storage.caPem)
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    KUBECONFIG: cluster.connection.adminKubeconfigPath,
    AWS_ENDPOINT_URL: moto.url,
    AWS_ENDPOINT_URL_STS: sts.url,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
    HTTPS_PROXY: storage.proxyUrl,
    NO_PROXY: '127.0.0.1',
    NODE_EXTRA_CA_CERTS: caPath,
  }
  return {
    ...{ controlPlane, cluster, moto, storage, sts, issuerUrl, bucket, env, folder },
    run: (...args) => runProgram(args, env),
    async requestToken({ namespace, name, pod, audience = AUDIENCE, expirationSeconds = 3600 }) {
      const { status } = await cluster.client.create<{ status: { token: string } }>(
        `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
        {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: {
            audiences: [audience],
            expirationSeconds,
            ...(pod && { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', ...pod } }),
          },
        },
      )
      return status.token
    },
  }
}

/** Runs pod-identity-webhook to its end; rejects where it prints what looks like a token. */
export async function runProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ProgramRun> {
  const child = spawn(process.execPath, [findWebhookScript(), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  if (looksLikeToken(stdout + stderr)) throw new Error(`pod-identity-webhook ${args[1]} prints a token`)
  return { code, stdout, stderr }
}

/** Whether there is a JWT in a text: base64url of `{"`, and a dot. */
export function looksLikeToken(printed: string): boolean {
  return /\beyJ[\w-]+\./.test(printed)
}
