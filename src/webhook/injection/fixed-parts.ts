import type { Identity } from '../identity/decide.ts'
import type { MutationSettings, TokenMount } from '../identity/settings.ts'
import type { Volume } from './pod.ts'
import { buildTokenVolume, tokenFilePath, tokenMountOf } from './token-volume.ts'

/** An environment variable as it goes into a container. */
export interface Variable {
  readonly name: string
  readonly value: string
}

/** The mount of the token volume as it goes into a container. */
export interface VolumeMount {
  readonly name: string
  readonly readOnly: true
  readonly mountPath: string
}

/** The variables of which one is enough for a container to have a group; those of the identity's method are in {@link FixedParts}. */
export const REGIONAL_STS_NAMES: readonly string[] = ['AWS_STS_REGIONAL_ENDPOINTS']
export const REGION_NAMES: readonly string[] = ['AWS_DEFAULT_REGION', 'AWS_REGION']
export const WEB_IDENTITY_NAMES: readonly string[] = ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE']

/** The groups of variables that a container can lack, as bits of a number. */
export const MISSING = { regionalSts: 1, region: 2, method: 4 } as const

/**
 * What an identity adds to pods, whatever the pod: made once for an identity and an operating system.
 *
 * The same objects go into every patch, alone and as the one item of a list, so that their JSON can be remembered.
 */
export interface FixedParts {
  readonly method: Identity['method']
  readonly mount: TokenMount
  readonly volume: Volume
  readonly volumes: readonly Volume[]
  readonly volumeMount: VolumeMount
  readonly volumeMounts: readonly VolumeMount[]
  /** Where the token is, as the variables say. */
  readonly tokenFile: string
  /** The names of the method's own two variables: what identifies, and the token's file. */
  readonly methodNames: readonly string[]
  /** The variables, in order, for a container that lacks some groups: by the sum of their bits in {@link MISSING}. */
  readonly variablesByMissing: readonly (readonly Variable[])[]
}

/** Makes the parts that are the same in every pod of an operating system. */
export function buildFixedParts(
  identity: Identity,
  settings: MutationSettings,
  options: { readonly isWindows: boolean },
): FixedParts {
  const mount = tokenMountOf(identity, settings)
  const volume = buildTokenVolume(identity, settings)
  const volumeMount: VolumeMount = { name: mount.volumeName, readOnly: true, mountPath: mount.mountPath }
  const tokenFile = tokenFilePath(mount, options)
  const method = listMethodVariables(identity, settings, tokenFile)
  const regionalSts = identity.isRegionalSts
    ? REGIONAL_STS_NAMES.map((name) => ({ name, value: 'regional' }))
    : []
  const region = listRegionVariables(settings.awsDefaultRegion)
  return {
    method: identity.method,
    mount,
    volume,
    volumes: [volume],
    volumeMount,
    volumeMounts: [volumeMount],
    tokenFile,
    methodNames: method.map(({ name }) => name),
    variablesByMissing: Array.from({ length: 8 }, (_, missing) => [
      ...(missing & MISSING.regionalSts ? regionalSts : []),
      ...(missing & MISSING.region ? region : []),
      ...(missing & MISSING.method ? method : []),
    ]),
  }
}

function listRegionVariables(region: string | undefined): readonly Variable[] {
  if (region === undefined) return []
  return REGION_NAMES.map((name) => ({ name, value: region }))
}

function listMethodVariables(
  identity: Identity,
  settings: MutationSettings,
  tokenFile: string,
): readonly Variable[] {
  if (identity.method === 'web_identity') {
    const values = [identity.roleArn, tokenFile]
    return WEB_IDENTITY_NAMES.map((name, index) => ({ name, value: values[index] ?? '' }))
  }
  return [
    { name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: settings.containerCredentials.fullUri },
    { name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', value: tokenFile },
  ]
}
