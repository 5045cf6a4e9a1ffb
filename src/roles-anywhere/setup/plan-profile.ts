import type { Plan } from '../../aws/step.ts'
import { type Entity, findByName, PROFILE } from './kept-entities.ts'
import { type EntityChange, planEntity } from './plan-entity.ts'
import { connectService, type SetupPlace } from './service-calls.ts'

/** What a profile is to have. */
export interface ProfileOptions {
  readonly name: string
  /** Roles that sessions may be for. */
  readonly roleArns: readonly string[]
  /** How long a session may last, 900 to 43200; what the profile has, else the service's own choice, where absent. */
  readonly durationSeconds: number | undefined
  /** Whether other roles that it has are taken away. */
  readonly isReplacing: boolean
  /** Whether a plan of everything will do where there are no credentials. */
  readonly isDryRun: boolean
  readonly place: SetupPlace
}

/**
 * Finds what the profile of that name lacks, or that there is none; reads only. Session policies and roles of others stay.
 * Rejects in one line.
 */
export async function planProfile(options: ProfileOptions): Promise<Plan> {
  const { name, roleArns, isDryRun, place } = options
  const service = await connectService(place)
  const finding = await findByName(service, PROFILE, { name, areCredentialsOptional: isDryRun })
  return planEntity(
    { service, kind: PROFILE, name },
    {
      finding,
      creation: change({ ...options, detail: `profile of ${roleArns.join(', ')}` }),
      findUpdate: (entity) => findUpdate(entity, options),
      notes: [],
      fact: 'profileArn',
    },
  )
}

function findUpdate(entity: Entity, options: ProfileOptions): EntityChange | undefined {
  const { roleArns, durationSeconds, isReplacing } = options
  const kept = ((entity['roleArns'] ?? []) as readonly unknown[]).map(String)
  const added = roleArns.filter((arn) => !kept.includes(arn))
  const removed = isReplacing ? kept.filter((arn) => !roleArns.includes(arn)) : []
  const duration = durationSeconds === entity['durationSeconds'] ? undefined : durationSeconds
  const details = [
    ...(added.length === 0 ? [] : [`${added.join(', ')} added`]),
    ...(removed.length === 0 ? [] : [`${removed.join(', ')} taken away`]),
    ...(duration === undefined ? [] : [`sessions of up to ${duration} s`]),
  ]
  if (details.length === 0) return undefined
  const united = isReplacing ? roleArns : [...kept, ...added]
  return change({ roleArns: united, durationSeconds: duration, detail: details.join(', ') })
}

function change({
  roleArns,
  durationSeconds,
  detail,
}: Pick<ProfileOptions, 'roleArns' | 'durationSeconds'> & { readonly detail: string }): EntityChange {
  return {
    detail,
    body: { roleArns, ...(durationSeconds === undefined ? {} : { durationSeconds }) },
    args: [
      ...['--role-arns', ...roleArns],
      ...(durationSeconds === undefined ? [] : ['--duration-seconds', String(durationSeconds)]),
    ],
  }
}
