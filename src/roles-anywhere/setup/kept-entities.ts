import { areCredentialsMissing } from '../../aws/call-failure.ts'
import type { RolesAnywhereService } from './service-calls.ts'

/** An object of the service; shapes: https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_Types.html. */
export type Entity = Readonly<Record<string, unknown>>

/** How a kind of objects is named in calls, answers, AWS CLI commands and prose. */
export interface EntityKind {
  /** Of paths: `trustanchor`, with an s for the list. */
  readonly path: string
  /** Of actions: `TrustAnchor`, with an s for the list. */
  readonly action: string
  /** The member of an answer that is one: `trustAnchor`, with an s for the list. */
  readonly member: string
  /** Of commands, resources and prose: `trust-anchor`. */
  readonly command: string
}

export const TRUST_ANCHOR: EntityKind = {
  path: 'trustanchor',
  action: 'TrustAnchor',
  member: 'trustAnchor',
  command: 'trust-anchor',
}

export const PROFILE: EntityKind = {
  path: 'profile',
  action: 'Profile',
  member: 'profile',
  command: 'profile',
}

/** What is there under a name. */
export type Finding = {
  readonly entity: Entity | undefined
  /** Nobody could be asked: there are no credentials. */
  readonly isBlind: boolean
}

/** The service lets an account have 50 of each kind; pages hold some of them. */
const MAX_PAGES = 100

/**
 * Looks whether there is one of that name. Rejects where there are two, which the service allows, for one would have to be
 * chosen; and with an AwsCallError.
 *
 * `areCredentialsOptional`: as they are for a plan that is only printed.
 */
export async function findByName(
  service: RolesAnywhereService,
  kind: EntityKind,
  { name, areCredentialsOptional }: { readonly name: string; readonly areCredentialsOptional: boolean },
): Promise<Finding> {
  try {
    return { entity: chooseOne(await listEntities(service, kind), kind, name), isBlind: false }
  } catch (error) {
    if (areCredentialsOptional && areCredentialsMissing(error)) return { entity: undefined, isBlind: true }
    throw error
  }
}

async function listEntities(
  service: RolesAnywhereService,
  { path, action, member }: EntityKind,
): Promise<readonly Entity[]> {
  const entities: Entity[] = []
  let query: Record<string, string> = {}
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await service.call({
      ...{ name: `List${action}s`, resource: '*', method: 'GET', path: `${path}s`, query },
    })
    const listed: readonly unknown[] = Array.isArray(answer[`${member}s`])
      ? (answer[`${member}s`] as unknown[])
      : []
    entities.push(...listed.filter(isEntity))
    const { nextToken } = answer
    if (typeof nextToken !== 'string') break
    query = { nextToken }
  }
  return entities
}

function chooseOne(
  entities: readonly Entity[],
  { command, member }: EntityKind,
  name: string,
): Entity | undefined {
  const [one, ...others] = entities.filter((entity) => entity['name'] === name)
  if (one === undefined || others.length === 0) return one
  const ids = [one, ...others].map((entity) => String(entity[`${member}Id`])).join(', ')
  throw new Error(
    `${others.length + 1} of the account's ${command.replace('-', ' ')}s are named ${name} (${ids}): rename or delete all but one`,
  )
}

/** Reads the object that was made or changed from an answer. Throws an Error of one line where there is none. */
export function takeEntity(answer: Entity, { member }: EntityKind): Entity {
  const entity = answer[member]
  if (isEntity(entity)) return entity
  throw new Error(`IAM Roles Anywhere answered without ${member}`)
}

/** A member that is a text; empty where it is none. */
export function readText(entity: Entity | undefined, member: string): string {
  const value = entity?.[member]
  return typeof value === 'string' ? value : ''
}

function isEntity(value: unknown): value is Entity {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
