import { MADE_BLIND, type Plan, type Step } from '../../aws/step.ts'
import { type Entity, type EntityKind, type Finding, readText, takeEntity } from './kept-entities.ts'
import type { RolesAnywhereService } from './service-calls.ts'

/** What a plan for one named object works with. */
export interface EntityParts {
  readonly service: RolesAnywhereService
  readonly kind: EntityKind
  readonly name: string
}

/** A change of one object, in the service's words and in those of the AWS CLI. */
export interface EntityChange {
  /** For people. */
  readonly detail: string
  /** Members of the request's body. */
  readonly body: Entity
  readonly args: readonly string[]
  /** JSON that the command reads. */
  readonly stdin?: string
}

/** What a plan of one object is made of. */
export interface EntityPlan {
  readonly finding: Finding
  /** Makes the object where there is none. */
  readonly creation: EntityChange
  /** What an object that there is lacks; asked again at the moment of the change. Throws where it cannot be changed. */
  findUpdate(entity: Entity): EntityChange | undefined
  readonly notes: readonly string[]
  /** The name of the ARN among the facts. */
  readonly fact: string
}

/** Puts the plan of one object together: made, changed where it lacks something, enabled where it is not. */
export function planEntity(parts: EntityParts, plan: EntityPlan): Plan {
  const { kind, name } = parts
  const { finding, creation, findUpdate, notes, fact } = plan
  let current = finding.entity
  const arn = () => readText(current, `${kind.member}Arn`)
  const keep = (entity: Entity) => {
    current = entity
  }
  const update = finding.entity === undefined ? undefined : findUpdate(finding.entity)
  const isDisabled = finding.entity?.['enabled'] === false
  const steps =
    finding.entity === undefined
      ? [createStep(parts, creation, keep)]
      : [
          ...(update === undefined ? [] : [updateStep(parts, finding.entity, update, { findUpdate, keep })]),
          ...(isDisabled ? [enableStep(parts, finding.entity)] : []),
        ]
  return {
    steps,
    preface: finding.isBlind ? [MADE_BLIND] : [],
    get notes() {
      return [...notes, ...(arn() === '' ? [] : [`${kind.command.replace('-', ' ')} ${name}: ${arn()}`])]
    },
    get facts() {
      return { [fact]: arn() || null }
    },
    check: async () => {},
  }
}

function createStep(
  { service, kind, name }: EntityParts,
  { detail, body, args, stdin }: EntityChange,
  keep: (entity: Entity) => void,
): Step {
  return {
    action: 'create',
    resource: `${kind.command}/${name}`,
    detail,
    commands: [
      {
        args: ['aws', 'rolesanywhere', `create-${kind.command}`, '--name', name, ...args, '--enabled'],
        ...(stdin === undefined ? {} : { stdin }),
      },
    ],
    async apply() {
      const action = {
        name: `Create${kind.action}`,
        resource: '*',
        method: 'POST',
        path: `${kind.path}s`,
      } as const
      keep(takeEntity(await service.call({ ...action, body: { name, ...body, enabled: true } }), kind))
    },
  }
}

function updateStep(
  { service, kind }: EntityParts,
  entity: Entity,
  { detail, args, stdin }: EntityChange,
  { findUpdate, keep }: Pick<EntityPlan, 'findUpdate'> & { keep(entity: Entity): void },
): Step {
  const { id, resource, path } = locate(kind, entity)
  return {
    action: 'update',
    resource,
    detail,
    commands: [
      {
        args: ['aws', 'rolesanywhere', `update-${kind.command}`, `--${kind.command}-id`, id, ...args],
        ...(stdin === undefined ? {} : { stdin }),
      },
    ],
    async apply() {
      // The service takes whole lists: what another one added since the plan is read here.
      const read = { name: `Get${kind.action}`, resource, method: 'GET', path } as const
      const update = findUpdate(takeEntity(await service.call(read), kind))
      if (update === undefined) return
      const write = { name: `Update${kind.action}`, resource, method: 'PATCH', path } as const
      keep(takeEntity(await service.call({ ...write, body: update.body }), kind))
    },
  }
}

function enableStep({ service, kind }: EntityParts, entity: Entity): Step {
  const { id, resource, path } = locate(kind, entity)
  return {
    action: 'update',
    resource,
    detail: 'enabled',
    commands: [{ args: ['aws', 'rolesanywhere', `enable-${kind.command}`, `--${kind.command}-id`, id] }],
    async apply() {
      await service.call({ name: `Enable${kind.action}`, resource, method: 'POST', path: `${path}/enable` })
    },
  }
}

function locate({ path, member }: EntityKind, entity: Entity) {
  const id = readText(entity, `${member}Id`)
  return { id, resource: readText(entity, `${member}Arn`), path: `${path}/${encodeURIComponent(id)}` }
}
