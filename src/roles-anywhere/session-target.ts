import { type Arn, parseArn } from '../aws/arn.ts'
import {
  type Environment,
  nameEndpointHost,
  readConfiguredEndpoint,
  readEndpointVariant,
} from '../aws/endpoint.ts'
import { quoteText } from '../text/quoted-text.ts'
import { RolesAnywhereError } from './roles-anywhere-error.ts'

/** Which session is wanted, as a user says it. */
export interface SessionRequest {
  readonly trustAnchorArn: string
  readonly profileArn: string
  readonly roleArn: string
  /** 900 to 43200. */
  readonly durationSeconds: number
  readonly roleSessionName: string | undefined
  /** The trust anchor's where absent. */
  readonly region: string | undefined
  /** A URL in place of AWS's. */
  readonly endpoint: string | undefined
}

/** Where to ask for the session, and with which words. */
export interface SessionTarget {
  readonly endpoint: URL
  readonly region: string
  readonly query: { readonly profileArn: string; readonly roleArn: string; readonly trustAnchorArn: string }
  readonly body: string
}

/** Settles a session request. Throws a RolesAnywhereError on what AWS would refuse or could not be sent. */
export function resolveSessionTarget(request: SessionRequest, env: Environment): SessionTarget {
  const { trustAnchorArn, profileArn, roleArn, durationSeconds, roleSessionName } = request
  const anchor = readArn(trustAnchorArn, 'trust anchor', 'rolesanywhere', 'trust-anchor/')
  const profile = readArn(profileArn, 'profile', 'rolesanywhere', 'profile/')
  readArn(roleArn, 'role', 'iam', 'role/')
  if (anchor.region !== profile.region) {
    throw new RolesAnywhereError(
      `the trust anchor is in region ${anchor.region} and the profile in ${profile.region}; they must be in one region`,
    )
  }
  if (!(Number.isInteger(durationSeconds) && durationSeconds >= 900 && durationSeconds <= 43_200)) {
    throw new RolesAnywhereError(`a session lasts 900 to 43200 seconds, not ${durationSeconds}`)
  }
  if (roleSessionName !== undefined && !/^[\w+=,.@-]{2,64}$/.test(roleSessionName)) {
    throw new RolesAnywhereError('a role session name has 2 to 64 letters, digits and characters of _+=,.@-')
  }
  const region = request.region ?? anchor.region
  if (!/^[a-z0-9-]+$/.test(region)) throw new RolesAnywhereError(`${quoteText(region)} is no region`)
  return {
    endpoint: resolveEndpoint(request.endpoint, { partition: anchor.partition, region }, env),
    region,
    query: { profileArn, roleArn, trustAnchorArn },
    body: JSON.stringify({ durationSeconds, ...(roleSessionName === undefined ? {} : { roleSessionName }) }),
  }
}

/** Takes apart the ARN of a role; its name is without its path. Throws a RolesAnywhereError where it is none. */
export function readRole(roleArn: string): { readonly accountId: string; readonly roleName: string } {
  const { accountId, resource } = readArn(roleArn, 'role', 'iam', 'role/')
  return { accountId, roleName: resource.slice(resource.lastIndexOf('/') + 1) }
}

function readArn(text: string, what: string, service: string, resourcePrefix: string): Arn {
  const arn = parseArn(text)
  const isRegional = service === 'rolesanywhere'
  if (
    arn?.service === service &&
    arn.resource.startsWith(resourcePrefix) &&
    arn.accountId !== '' &&
    (arn.region !== '') === isRegional
  ) {
    return arn
  }
  const form = `arn:aws:${service}:${isRegional ? 'REGION' : ''}:ACCOUNT:${resourcePrefix}${isRegional ? 'ID' : 'NAME'}`
  throw new RolesAnywhereError(`${quoteText(text)} is not the ARN of a ${what}, which is like ${form}`)
}

function resolveEndpoint(
  given: string | undefined,
  place: { readonly partition: string; readonly region: string },
  env: Environment,
): URL {
  const text = given ?? readConfiguredEndpoint(env, 'ROLESANYWHERE')
  if (text !== undefined) {
    // The helper's users write hosts without a scheme too.
    const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`
    const endpoint = URL.canParse(url) ? new URL(url) : undefined
    if (endpoint?.protocol === 'https:' || endpoint?.protocol === 'http:') return endpoint
    throw new RolesAnywhereError(`the endpoint ${quoteText(text)} is no http or https URL`)
  }
  const host = nameEndpointHost('rolesanywhere', place, readEndpointVariant(env))
  if (host !== undefined) return new URL(`https://${host}`)
  throw new RolesAnywhereError(`the partition ${place.partition} is not known; give --endpoint`)
}
