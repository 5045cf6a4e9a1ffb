import { readEnvironmentSettings, resolveServiceUrl } from '../aws/calls/service-settings.ts'
import type { Environment } from '../aws/endpoint.ts'
import type { ConfiguredProvider } from './configured-providers.ts'
import {
  chooseCredentialSource,
  ROLE_ANNOTATION,
  ROLE_VARIABLE,
  type SourceSettings,
} from './plugin/credential-source.ts'
import { findDefaultRegion } from './plugin/default-region.ts'
import { ProviderError } from './plugin/provider-error.ts'
import { findMatches } from './registry/image-match.ts'
import { PUBLIC_REGION, type Registry, readRegistry } from './registry/registry.ts'

/** What an explanation needs to know. */
export interface ExplainSurroundings {
  /** That of the kubelet, as far as it is known. */
  readonly env: Environment
  /** Reads a provider's arguments as the plugin would. Throws where the plugin would refuse them. */
  readSettings(args: readonly string[], env: Environment): SourceSettings
}

/** What the kubelet and the plugin would do for an image. */
export interface Explanation {
  readonly lines: readonly string[]
  /** Whether the kubelet would run some provider; `true` where no configuration is given. */
  readonly isMatched: boolean
}

/**
 * Tells how an image would get its credentials: by which providers of the kubelet's configuration, for which registry, from
 * which endpoint, with which AWS credentials. Nothing is called. Throws an ImageError for what is no image.
 */
export async function explainImage(
  image: string,
  providers: readonly ConfiguredProvider[] | undefined,
  surroundings: ExplainSurroundings,
): Promise<Explanation> {
  const registry = readRegistry(image)
  const lines = [
    label('image', image),
    label('registry', describeRegistry(registry)),
    label('key', `${registry.host}, under which the kubelet finds the password`),
  ]
  if (providers === undefined) {
    const plugin = { args: [], env: {}, token: undefined }
    return { lines: [...lines, ...(await describePlugin(plugin, registry, surroundings))], isMatched: true }
  }
  const matching = providers.flatMap((provider) => {
    const patterns = findMatches(provider.matchImages, image)
    return patterns.length > 0 ? [{ provider, patterns }] : []
  })
  for (const { provider, patterns } of matching) {
    const by = patterns.map((pattern) => JSON.stringify(pattern)).join(', ')
    lines.push(label('provider', `${provider.name} (${provider.place}), by ${by}`))
    lines.push(...(await describePlugin(provider, registry, surroundings)))
  }
  if (matching.length > 0) return { lines, isMatched: true }
  const count = providers.length === 1 ? 'the provider does' : `any of the ${providers.length} providers do`
  const reason = `none: no pattern of ${count} match; the kubelet pulls without credentials`
  return { lines: [...lines, label('provider', reason.replace('does match', 'matches'))], isMatched: false }
}

function label(name: string, text: string): string {
  return `${name.padEnd(12)} ${text}`
}

function describeRegistry(registry: Registry): string {
  switch (registry.kind) {
    case 'public':
      return `ECR Public, in ${PUBLIC_REGION}`
    case 'private': {
      const { isFips, isDualStack } = registry.variant
      const variant = `${isFips ? ', by FIPS endpoints' : ''}${isDualStack ? ', by dual-stack endpoints' : ''}`
      return `private ECR of account ${registry.accountId}, in ${registry.region}${variant}`
    }
    case 'mirror':
      return 'no host of ECR: taken for a mirror of private ECR in the default region'
  }
}

type Plugin = Pick<ConfiguredProvider, 'args' | 'env' | 'token'>

async function describePlugin(
  { args, env: ownEnv, token }: Plugin,
  registry: Registry,
  surroundings: ExplainSurroundings,
): Promise<readonly string[]> {
  const env = { ...surroundings.env, ...ownEnv }
  const region = await findRegion(registry, env)
  const lines: string[] = []
  if (region === undefined) {
    lines.push(label('region', 'none: the plugin fails; set AWS_REGION, or region in the AWS profile'))
  } else {
    lines.push(label('region', region), label('endpoint', findRegistryUrl(registry, region, env)))
  }
  const settings = surroundings.readSettings(args, env)
  if (token !== undefined) lines.push(label('credentials', describeToken(token, settings, env)))
  return [...lines, label(token === undefined ? 'credentials' : 'otherwise', describeSource(settings, env))]
}

async function findRegion(registry: Registry, env: Environment): Promise<string | undefined> {
  if (registry.kind === 'private') return registry.region
  return registry.kind === 'public' ? PUBLIC_REGION : await findDefaultRegion(env)
}

/** Where the plugin would ask for the registry's password. */
function findRegistryUrl(registry: Registry, region: string, env: Environment): string {
  const service = registry.kind === 'public' ? 'ECR_PUBLIC' : 'ECR'
  const variant = registry.kind === 'private' ? registry.variant : { isFips: false, isDualStack: false }
  const settings = readEnvironmentSettings(service, env)
  return settings.endpoint ?? resolveServiceUrl(service, { region, variant }, settings).href
}

/** The kubelet passes on only those annotations that the configuration names. */
function describeToken(
  { audience, annotationKeys }: NonNullable<ConfiguredProvider['token']>,
  { roleArnAnnotations }: SourceSettings,
  env: Environment,
): string {
  const read = [ROLE_ANNOTATION, ...roleArnAnnotations].filter((key) => annotationKeys.includes(key))
  const roles = [
    ...read.map((key) => `the role in the ServiceAccount's annotation ${key}`),
    ...(env[ROLE_VARIABLE] ? [`the role ${env[ROLE_VARIABLE]} of ${ROLE_VARIABLE}`] : []),
  ]
  if (roles.length === 0) return `the pod's token (audience ${audience}) is not used: nothing names a role`
  return `${roles.join(', else ')}, by the pod's token (audience ${audience})`
}

function describeSource(settings: SourceSettings, env: Environment): string {
  try {
    const request = { serviceAccountToken: undefined, serviceAccountAnnotations: {} }
    const source = chooseCredentialSource(request, settings, env)
    if (source.kind === 'roles-anywhere')
      return `the role ${source.roleArn} by IAM Roles Anywhere, with the certificate ${source.certificatePath}`
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    return `none: ${error.message}`
  }
  return `the AWS SDK's default chain: ${describeChainStart(env)}`
}

/** The chain's first steps need no call; where they have nothing, the SDK looks further. */
function describeChainStart(env: Environment): string {
  const profile = env['AWS_PROFILE']
  if (env['AWS_ACCESS_KEY_ID'] && env['AWS_SECRET_ACCESS_KEY'])
    return `the keys in the environment${profile ? `; AWS_PROFILE, ${profile}, is set too and not used` : ''}`
  if (profile) return `the profile ${profile} of AWS_PROFILE`
  return 'profile, web identity of the environment, ECS, EC2, whichever is first'
}
