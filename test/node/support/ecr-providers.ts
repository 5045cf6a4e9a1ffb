import { execFileSync, spawnSync } from 'node:child_process'
import { link, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { parseAllDocuments } from 'yaml'
import { CREDENTIALS, REGION } from '../../cluster/support/issuer-world.ts'
import { startEcrServer } from '../../support/ecr-server.ts'
import {
  PROFILE_ARN,
  ROLE_ARN,
  startRolesAnywhereServer,
  TRUST_ANCHOR_ARN,
} from '../../support/roles-anywhere-server.ts'
import { kubeletCertificate } from './kubelet.ts'
import type { NodePlace } from './machine/node-place.ts'

/** Ways in which the kubelet's plugin gets at a private image, or does not: an AWS account for each. */
export const ECR_ACCOUNTS = {
  /** Keys in the plugin's environment. */
  keys: '111122223333',
  /** The token of the pod's ServiceAccount. */
  token: '222233334444',
  /** The kubelet's client certificate, by IAM Roles Anywhere. */
  certificate: '333344445555',
  /** Keys that give a password that the registry does not take. */
  wrongPassword: '444455556666',
  /** Keys of a session that is over. */
  expired: '555566667777',
  /** Nobody listens where ECR should be. */
  down: '666677778888',
  /** The token of the pod's ServiceAccount, of an issuer that STS does not trust. */
  untrusted: '777788889999',
} as const

export type EcrWay = keyof typeof ECR_ACCOUNTS

/** The password that moto's ECR gives to credentials of an account. */
export function passwordOf(account: string): string {
  return `${account}-auth-token`
}

/** moto's account, also of keys that it did not make. */
export const MOTO_ACCOUNT = '123456789012'

/** The role that pods of the account `token` pull with. */
export const PULLER_ARN = `arn:aws:iam::${ECR_ACCOUNTS.token}:role/puller`

/** The registry's host of a way. */
export function ecrHost(way: EcrWay): string {
  return `${ECR_ACCOUNTS[way]}.dkr.ecr.${REGION}.amazonaws.com`
}

/** The kubelet's flags for our plugin, and what nodes have to be allowed. */
export interface EcrSetup {
  readonly kubeletFlags: readonly string[]
  /** As `ecr-credential-provider config` prints it. */
  readonly rbac: readonly object[]
  /** The plugin as one executable. */
  readonly pluginPath: string
}

/** Sets up the plugin in every way at once: a provider for each account, under a name of its own. */
export async function setUpEcrProviders(options: {
  readonly scope: { teardown(end: () => Promise<unknown>): void }
  readonly place: NodePlace
  readonly aws: { readonly motoUrl: string; readonly stsUrl: string; readonly caPem: string }
}): Promise<EcrSetup> {
  const { scope, place, aws } = options
  const binFolder = join(place.folder, 'credential-providers')
  await mkdir(binFolder)
  const pluginPath = join(binFolder, 'ecr-credential-provider')
  buildPlugin(pluginPath)
  // To its ECR keys are over, to its STS no token is good.
  const refusing = await startEcrServer()
  scope.teardown(() => refusing.close())
  const message = 'The security token included in the request is expired'
  const body = JSON.stringify({ __type: 'ExpiredTokenException', message })
  refusing.always.ecr = { kind: 'answer', status: 400, body }
  const anchor = await startRolesAnywhereServer([aws.caPem])
  scope.teardown(() => anchor.close())

  const nowhere = {
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  }
  const own = {
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  }
  const atMoto = { ...nowhere, AWS_ENDPOINT_URL: aws.motoUrl }
  const ways: Readonly<Record<EcrWay, { flags?: readonly string[]; env: Readonly<Record<string, string>> }>> =
    {
      keys: { env: { ...atMoto, ...(await takeKeys(aws.motoUrl, ECR_ACCOUNTS.keys)) } },
      token: { flags: ['--service-account-tokens'], env: { ...atMoto, AWS_ENDPOINT_URL_STS: aws.stsUrl } },
      certificate: {
        flags: [
          `--roles-anywhere-trust-anchor-arn=${TRUST_ANCHOR_ARN}`,
          `--roles-anywhere-profile-arn=${PROFILE_ARN}`,
          `--roles-anywhere-role-arn=${ROLE_ARN}`,
          `--roles-anywhere-certificate=${kubeletCertificate(place)}`,
        ],
        env: { ...atMoto, AWS_ENDPOINT_URL_ROLESANYWHERE: anchor.url },
      },
      wrongPassword: { env: { ...atMoto, ...own } },
      expired: { env: { ...nowhere, AWS_ENDPOINT_URL: refusing.url, ...own } },
      untrusted: {
        flags: ['--service-account-tokens'],
        env: { ...atMoto, AWS_ENDPOINT_URL_STS: refusing.url },
      },
      // Port 1 is tcpmux's: nobody has that.
      down: { env: { ...nowhere, AWS_ENDPOINT_URL: 'http://127.0.0.1:1', ...own } },
    }
  const providers: object[] = []
  let rbac: readonly object[] = []
  for (const [way, { flags = [], env }] of Object.entries(ways)) {
    const [config, ...documents] = printConfig(pluginPath, flags)
    // The same of all that use tokens.
    if (documents.length > 0) rbac = documents
    const [provider] = (config as { readonly providers: readonly object[] }).providers
    const name = `ecr-${way.toLowerCase()}`
    await link(pluginPath, join(binFolder, name))
    const variables = Object.entries(env).map(([variable, value]) => ({ name: variable, value }))
    providers.push({ ...provider, name, matchImages: [ecrHost(way as EcrWay)], env: variables })
  }
  const configPath = join(place.folder, 'credential-providers.json')
  const config = { apiVersion: 'kubelet.config.k8s.io/v1', kind: 'CredentialProviderConfig', providers }
  await writeFile(configPath, JSON.stringify(config), { mode: 0o600 })
  return {
    kubeletFlags: [
      `--image-credential-provider-config=${configPath}`,
      `--image-credential-provider-bin-dir=${binFolder}`,
    ],
    rbac,
    pluginPath,
  }
}

function buildPlugin(path: string): void {
  const script = join(import.meta.dirname, '../../../scripts/single-executable.ts')
  const { status, stderr } = spawnSync(process.execPath, [script, path], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${script}: ${stderr}`)
}

/** The documents that the plugin's `config` prints: the kubelet's, then RBAC. */
function printConfig(pluginPath: string, flags: readonly string[]): readonly object[] {
  const printed = execFileSync(pluginPath, ['config', ...flags], { encoding: 'utf8' })
  return parseAllDocuments(printed).map((document) => document.toJS() as object)
}

/** Credentials of a role of an account, as environment variables. */
async function takeKeys(motoUrl: string, account: string): Promise<Readonly<Record<string, string>>> {
  const client = new STSClient({ endpoint: motoUrl, region: REGION, credentials: CREDENTIALS })
  const role = { RoleArn: `arn:aws:iam::${account}:role/node`, RoleSessionName: 'node' }
  const { Credentials: keys } = await client.send(new AssumeRoleCommand(role))
  client.destroy()
  return {
    AWS_ACCESS_KEY_ID: keys?.AccessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: keys?.SecretAccessKey ?? '',
    AWS_SESSION_TOKEN: keys?.SessionToken ?? '',
  }
}
