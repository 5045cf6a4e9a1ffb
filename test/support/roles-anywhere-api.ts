import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { STATIC_CREDENTIALS } from './ecr-server.ts'
import { listenOnLoopback } from './loopback-listener.ts'
import { checkSignature } from './signature-check.ts'

/** A trust anchor or profile that is kept; members as the service has them. */
export type KeptEntity = Record<string, unknown>

/** A stand-in for the part of IAM Roles Anywhere that keeps trust anchors and profiles. */
export interface RolesAnywhereApi {
  readonly url: string
  /** What programs are led there by, and to no file or service of this machine. */
  readonly env: Readonly<Record<string, string>>
  /** `POST /trustanchors`, in their order. */
  readonly calls: readonly string[]
  readonly trustAnchors: KeptEntity[]
  readonly profiles: KeptEntity[]
  /** By calls; each holds for all calls of its kind. */
  readonly faults: Map<string, { readonly status: number; readonly code: string }>
  /** Called before a call is answered: what somebody else does at that moment. */
  meddle: ((call: string) => void) | undefined
  close(): Promise<void>
}

/** So few that lists have more than one page. */
const PAGE_LENGTH = 2

const ARN = 'arn:aws:rolesanywhere:eu-central-1:111122223333'

/** Starts one on 127.0.0.1. */
export async function startRolesAnywhereApi(): Promise<RolesAnywhereApi> {
  const calls: string[] = []
  const trustAnchors: KeptEntity[] = []
  const profiles: KeptEntity[] = []
  const faults: RolesAnywhereApi['faults'] = new Map()
  const stores = { trustanchor: trustAnchors, profile: profiles }
  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    const body = await text(incoming)
    const { method = '', url = '', headers } = incoming
    const { pathname, searchParams } = new URL(url, 'http://localhost')
    const call = `${method} ${pathname}`
    calls.push(call)
    api.meddle?.(call)
    const answer = (status: number, value: object, code?: string) => {
      const type = code === undefined ? {} : { 'x-amzn-ErrorType': `${code}:` }
      response.writeHead(status, { 'Content-Type': 'application/json', ...type }).end(JSON.stringify(value))
    }
    const verdict = checkSignature({ method, url, headers, body }, [STATIC_CREDENTIALS])
    if (verdict.kind === 'wrong') return answer(403, { message: 'no' }, verdict.code)
    if (verdict.service !== 'rolesanywhere') return answer(403, { message: 'scope' }, 'SignatureDoesNotMatch')
    const fault = faults.get(call)
    if (fault !== undefined) return answer(fault.status, { message: 'as told' }, fault.code)
    const [, kind, isList, id, enable] =
      /^\/(trustanchor|profile)(s?)(?:\/([^/]+)(\/enable)?)?$/.exec(pathname) ?? []
    const store = stores[kind as keyof typeof stores]
    if (store === undefined) return answer(404, { message: 'no such path' }, 'ResourceNotFoundException')
    const member = kind === 'profile' ? 'profile' : 'trustAnchor'
    if (isList !== '') {
      if (method === 'GET') {
        const start = Number(searchParams.get('nextToken') ?? '0')
        const end = start + PAGE_LENGTH
        const more = end < store.length ? { nextToken: String(end) } : {}
        return answer(200, { [`${member}s`]: store.slice(start, end), ...more })
      }
      const number = String(store.length + 1).padStart(12, '0')
      const newId = `00000000-0000-0000-0000-${number}`
      const resource = kind === 'profile' ? 'profile' : 'trust-anchor'
      const entity = {
        ...(kind === 'profile' ? { durationSeconds: 3600 } : {}),
        ...JSON.parse(body),
        [`${member}Id`]: newId,
        [`${member}Arn`]: `${ARN}:${resource}/${newId}`,
      }
      store.push(entity)
      return answer(201, { [member]: entity })
    }
    const entity = store.find((one) => one[`${member}Id`] === id)
    if (entity === undefined) return answer(404, { message: 'none' }, 'ResourceNotFoundException')
    if (enable !== undefined) entity['enabled'] = true
    else if (method === 'PATCH') Object.assign(entity, JSON.parse(body))
    answer(200, { [member]: entity })
  }
  const { url, close } = await listenOnLoopback(handle, undefined)
  const env = {
    AWS_ENDPOINT_URL_ROLESANYWHERE: url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: STATIC_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: STATIC_CREDENTIALS.secretAccessKey,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_MAX_ATTEMPTS: '1',
  }
  const api: RolesAnywhereApi = {
    ...{ url, env, calls, trustAnchors, profiles, faults, close },
    meddle: undefined as ((call: string) => void) | undefined,
  }
  return api
}
