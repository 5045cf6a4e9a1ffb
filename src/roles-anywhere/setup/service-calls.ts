import { callAws } from '../../aws/call-failure.ts'
import { readProfileRegion, walkDefaultChain } from '../../aws/calls/aws-sdk.ts'
import { type CallSurroundings, callService } from '../../aws/calls/service-call.ts'
import { readJsonReply } from '../../aws/calls/service-reply.ts'
import { createTrail } from '../../aws/calls/trail.ts'
import type { Environment } from '../../aws/endpoint.ts'
import type { HttpRequest } from '../../aws/http-exchange.ts'

/** Who asks IAM Roles Anywhere, and where. */
export interface SetupPlace {
  readonly env: Environment
  /** The environment's or the profile's where absent. */
  readonly region: string | undefined
  readonly userAgent: string
}

/** An action of IAM Roles Anywhere (https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_Operations.html). */
export interface ServiceAction {
  /** As policies name it: `CreateTrustAnchor`. */
  readonly name: string
  /** An ARN, or words. */
  readonly resource: string
  readonly method: HttpRequest['method']
  /** Without a leading slash. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: object
}

/** Makes calls of IAM Roles Anywhere in one region. */
export interface RolesAnywhereService {
  /** Resolves to the object that the service answers. Rejects with an AwsCallError. */
  call(action: ServiceAction): Promise<Readonly<Record<string, unknown>>>
}

const ATTEMPT_MS = 15_000
const TOTAL_MS = 60_000

/** Gives what calls IAM Roles Anywhere. Rejects with an Error of one line where no region is known. */
export async function connectService({ env, region, userAgent }: SetupPlace): Promise<RolesAnywhereService> {
  const place = {
    region: region ?? (await readProfileRegion()),
    variant: { isFips: false, isDualStack: false },
  }
  const { region: settledRegion } = place
  if (settledRegion === undefined)
    throw new Error('no region is known: give --region, or set AWS_REGION or the region of the profile')
  return {
    async call({ name, resource, method, path, query = {}, body }) {
      const surroundings: CallSurroundings = {
        env,
        trail: createTrail(),
        signal: AbortSignal.timeout(TOTAL_MS),
        attemptMs: ATTEMPT_MS,
        now: () => new Date(),
        userAgent,
      }
      return await callAws({ action: `rolesanywhere:${name}`, resource }, async () => {
        const credentials = await walkDefaultChain(settledRegion, surroundings)
        return await callService(
          {
            service: 'ROLESANYWHERE',
            place: { ...place, region: settledRegion },
            ...{ method, path, query },
            headers: body === undefined ? {} : { 'content-type': 'application/json' },
            body: body === undefined ? '' : JSON.stringify(body),
            signer: { credentials, service: 'rolesanywhere' },
            readAnswer: readJsonReply,
          },
          surroundings,
        )
      })
    },
  }
}
