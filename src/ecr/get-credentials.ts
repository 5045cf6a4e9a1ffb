import { type Authorization, readAuthorization } from './authorization.ts'
import { type ExchangeSurroundings, exchangeCredentials } from './credential-exchange.ts'
import { type CredentialRequest, parseCredentialRequest } from './credential-request.ts'
import { renderCredentialResponse } from './credential-response.ts'
import { chooseCredentialSource, type SourceSettings } from './credential-source.ts'
import { requireDefaultRegion } from './default-region.ts'
import { ProviderError } from './provider-error.ts'
import type { Redactor } from './redaction.ts'
import { PUBLIC_REGION, type Registry, readRegistry } from './registry.ts'
import { describeServiceError } from './service-error.ts'

/** What answering a request needs. */
export interface AnswerParts {
  readonly settings: SourceSettings
  readonly surroundings: ExchangeSurroundings
  /** Told of each secret as soon as it is known. */
  readonly redactor: Redactor
}

/** Answers the kubelet's request: resolves to the response, one line. Rejects with errors that may hold secrets. */
export async function answerRequest(text: string, parts: AnswerParts): Promise<string> {
  const request = parseCredentialRequest(text)
  parts.redactor.hide(request.serviceAccountToken)
  const registry = readRegistry(request.image)
  const authorization = await authorize(request, registry, parts)
  const { apiVersion } = request
  return renderCredentialResponse(
    { apiVersion, host: registry.host, authorization },
    parts.surroundings.now(),
  )
}

async function authorize(
  request: CredentialRequest,
  registry: Registry,
  { settings, surroundings, redactor }: AnswerParts,
): Promise<Authorization> {
  const { env, trail } = surroundings
  const source = chooseCredentialSource(request, settings, env)
  const place = await locateRegistry(registry, env)
  const credentials = await exchangeCredentials(source, registry, surroundings)
  if (credentials === undefined) trail.begin('looking for AWS credentials in the default chain')
  const ask =
    registry.kind === 'public'
      ? (await import('./public-authorization.ts')).askPublicRegistry
      : (await import('./private-authorization.ts')).askPrivateRegistry
  let isAsking = false
  const onCredentials = (found: {
    readonly secretAccessKey: string
    readonly sessionToken?: string | undefined
  }) => {
    redactor.hide(found.secretAccessKey)
    redactor.hide(found.sessionToken)
    isAsking = true
    trail.begin(`asking ${nameService(registry, place.region)} for an authorization token`)
  }
  try {
    return readAuthorization(await ask({ place, credentials, surroundings, onCredentials }))
  } catch (error) {
    if (error instanceof ProviderError) throw error
    const what = isAsking
      ? `${nameService(registry, place.region)} gives no authorization token`
      : 'no AWS credentials'
    throw new ProviderError(`${what}: ${describeServiceError(error)}`, { cause: error })
  }
}

async function locateRegistry(registry: Registry, env: ExchangeSurroundings['env']) {
  const plain = { isFips: false, isDualStack: false }
  switch (registry.kind) {
    case 'private':
      return { region: registry.region, variant: registry.variant }
    case 'public':
      return { region: PUBLIC_REGION, variant: plain }
    case 'mirror':
      return { region: await requireDefaultRegion(registry.host, env), variant: plain }
  }
}

function nameService(registry: Registry, region: string): string {
  return registry.kind === 'public' ? 'ECR Public' : `ECR in ${region}`
}
