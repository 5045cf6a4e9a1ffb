import { CallSettingsError } from '../../aws/calls/call-settings-error.ts'
import type { CallSurroundings } from '../../aws/calls/service-call.ts'
import type { ServicePlace } from '../../aws/calls/service-endpoint.ts'
import { describeServiceError } from '../../aws/calls/service-error.ts'
import { PUBLIC_REGION, type Registry, readRegistry } from '../registry/registry.ts'
import { type Authorization, readAuthorization } from './authorization.ts'
import { exchangeCredentials } from './credential-exchange.ts'
import { type CredentialRequest, parseCredentialRequest } from './credential-request.ts'
import { renderCredentialResponse } from './credential-response.ts'
import { chooseCredentialSource, type SourceSettings } from './credential-source.ts'
import { requireDefaultRegion } from './default-region.ts'
import { ProviderError } from './provider-error.ts'
import type { Redactor } from './redaction.ts'
import { askRegistry } from './registry-authorization.ts'

/** What answering a request needs. */
export interface AnswerParts {
  readonly settings: SourceSettings
  readonly surroundings: CallSurroundings
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
  const credentials = await exchangeCredentials(source, registry, place, surroundings)
  redactor.hide(credentials.secretAccessKey)
  redactor.hide(credentials.sessionToken)
  const service = registry.kind === 'public' ? 'ECR Public' : `ECR in ${place.region}`
  trail.begin(`asking ${service} for an authorization token`)
  const kind = registry.kind === 'public' ? 'public' : 'private'
  try {
    return readAuthorization(await askRegistry(kind, place, credentials, surroundings))
  } catch (error) {
    if (error instanceof ProviderError || error instanceof CallSettingsError) throw error
    const cause = describeServiceError(error)
    throw new ProviderError(`${service} gives no authorization token: ${cause}`, { cause: error })
  }
}

async function locateRegistry(registry: Registry, env: CallSurroundings['env']): Promise<ServicePlace> {
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
