import type { Identity } from '../identity/decide.ts'
import { escapePointer } from '../injection/build-patch.ts'
import {
  buildFixedParts,
  type FixedParts,
  MISSING,
  REGION_NAMES,
  REGIONAL_STS_NAMES,
  type Variable,
} from '../injection/fixed-parts.ts'
import { OS_LABELS, WINDOWS } from '../injection/operating-system.ts'
import { listSpellings } from '../injection/token-volume.ts'
import { addition, type Holes, hasAny, memberOr, toCel } from './cel.ts'
import { type PolicyVariable, podAnnotation } from './identity-expressions.ts'
import { ALL_OWN, MARK_ANNOTATION, OWN, OWN_VOLUME } from './mark.ts'
import { CONTAINER_FIELDS } from './policy-parts.ts'
import type { PolicySettings } from './policy-settings.ts'
import { readSkippedNames } from './skip-expressions.ts'

/** An identity of expressions: the injection makes its parts of it as of any other. */
const IDENTITY: Identity = {
  method: 'web_identity',
  roleArn: '\u0000role',
  audience: '\u0000audience',
  tokenExpirationSeconds: -1,
  isRegionalSts: true,
}

const HOLES: Holes = new Map<unknown, string>([
  [IDENTITY.roleArn, 'variables.role'],
  [IDENTITY.audience, 'variables.audience'],
  [IDENTITY.tokenExpirationSeconds, 'variables.expiration'],
])

type ContainerField = (typeof CONTAINER_FIELDS)[number] | 'ephemeralContainers'

/** What the injection adds, as CEL writes it. */
interface PartExpressions {
  readonly parts: FixedParts
  readonly volume: string
  readonly mount: string
  readonly regionalSts: string
  readonly region: string
  readonly method: string
}

function writeParts({ mutation }: PolicySettings): PartExpressions {
  const parts = buildFixedParts(IDENTITY, mutation, { isWindows: false })
  const windowsParts = buildFixedParts(IDENTITY, mutation, { isWindows: true })
  const write = (variables: readonly Variable[] | undefined) => toCel(variables ?? [], HOLES)
  const method = (of: FixedParts) => write(of.variablesByMissing[MISSING.method])
  return {
    parts,
    volume: toCel(parts.volume, HOLES),
    mount: toCel(parts.volumeMount, HOLES),
    regionalSts: `variables.isRegional ? ${write(parts.variablesByMissing[MISSING.regionalSts])} : []`,
    region: write(parts.variablesByMissing[MISSING.region]),
    method: `variables.isWindows ? ${method(windowsParts)} : ${method(parts)}`,
  }
}

/** What is looked at in a pod that is created, and what it lacks. */
export function listPodVariables(settings: PolicySettings): readonly PolicyVariable[] {
  const expressions = writeParts(settings)
  return [
    ...listGroupVariables(settings, expressions),
    ...CONTAINER_FIELDS.map((field) => ({
      name: `${field}Own`,
      expression: listOwn(field, expressions, 'c.name in variables.skipped'),
    })),
    { name: 'mark', expression: writeMark(settings) },
  ]
}

function listGroupVariables(
  settings: PolicySettings,
  { regionalSts, region, method }: PartExpressions,
): readonly PolicyVariable[] {
  return [
    { name: 'isWindows', expression: isWindows() },
    { name: 'skipped', expression: readSkippedNames(podAnnotation(settings, 'skip-containers')) },
    { name: 'regionalSts', expression: regionalSts },
    { name: 'region', expression: region },
    { name: 'method', expression: method },
  ]
}

/** Whether the pod has the token volume, under the name that this method gives it. */
export function hasTokenVolume({ mutation }: PolicySettings): string {
  const { volumeName, tokenPath } = mutation.webIdentity
  return `object.spec.?volumes.orValue([]).exists(v, v.name == ${toCel(volumeName)} && v.?projected.?sources.orValue([]).exists(s, s.?serviceAccountToken.?path.orValue('') == ${toCel(tokenPath)}))`
}

/** What is looked at in a pod that gets ephemeral containers; those that it had already have all. */
export function listDebugVariables(settings: PolicySettings): readonly PolicyVariable[] {
  const expressions = writeParts(settings)
  const isLeftAlone = 'c.name in variables.skipped || c.name in variables.known'
  return [
    ...listGroupVariables(settings, expressions),
    { name: 'known', expression: 'oldObject.spec.?ephemeralContainers.orValue([]).map(c, c.name)' },
    { name: 'ephemeralContainersOwn', expression: listOwn('ephemeralContainers', expressions, isLeftAlone) },
  ]
}

/** The patch of a pod that gets ephemeral containers. */
export function patchDebugContainers(settings: PolicySettings): string {
  return listContainerOperations('ephemeralContainers', writeParts(settings).mount)
}

/** The patch of a pod that is created: what it lacks, and then the mark, unless it has one. */
export function patchPod(settings: PolicySettings): string {
  const path = `/metadata/annotations/${escapePointer(MARK_ANNOTATION)}`
  return [
    `[${listOperations(writeParts(settings))}].map(operations, operations.size() == 0 ? [] : operations + (`,
    `  !has(object.metadata.annotations) ? [${addition("'/metadata/annotations'", `{${toCel(MARK_ANNOTATION)}: variables.mark}`)}] :`,
    `  ${toCel(MARK_ANNOTATION)} in object.metadata.annotations ? [] :`,
    `  [${addition(toCel(path), 'variables.mark')}])).flatten()`,
  ].join('\n')
}

/** Each container's letters of {@link OWN}: what it has already, and so does not get. */
function listOwn(field: ContainerField, { parts }: PartExpressions, isSkipped: string): string {
  const names = [...REGIONAL_STS_NAMES, ...REGION_NAMES, ...parts.methodNames]
  const letterOf = (letter: string, group: readonly string[]) =>
    `(${hasAny('names', group)} ? ${toCel(letter)} : '')`
  const mount = `m.name == ${toCel(parts.mount.volumeName)} || m.mountPath in ${toCel(listSpellings(parts.mount.mountPath))}`
  const handmade = OWN.regionalSts + OWN.region + OWN.method
  return [
    `object.spec.?${field}.orValue([]).map(c, ${isSkipped} ? ${toCel(ALL_OWN)} :`,
    `  [c.?env.orValue([]).filter(e, e.name in ${toCel(names)}).map(e, e.name)].map(names,`,
    `    ${letterOf(OWN.regionalSts, REGIONAL_STS_NAMES)} + ${letterOf(OWN.region, REGION_NAMES)} + ${letterOf(OWN.method, parts.methodNames)})[0]`,
    `  + (c.?volumeMounts.orValue([]).exists(m, ${mount}) ? ${toCel(OWN.mount)} : ''))`,
    // A container with all three was configured by hand: it is left alone altogether.
    `.map(own, own.startsWith(${toCel(handmade)}) ? ${toCel(ALL_OWN)} : own)`,
  ].join('\n')
}

function listOperations({ parts, volume, mount }: PartExpressions): string {
  const isTaken = `object.spec.volumes.exists(v, v.name == ${toCel(parts.mount.volumeName)})`
  return [
    `(!has(object.spec.volumes) ? [${addition("'/spec/volumes'", `[${volume}]`)}] :`,
    `  ${isTaken} ? [] : [${addition("'/spec/volumes/0'", volume)}])`,
    ...CONTAINER_FIELDS.map((field) => `+ ${listContainerOperations(field, mount)}`),
  ].join('\n')
}

function listContainerOperations(field: ContainerField, mount: string): string {
  const path = (suffix: string) => `'/spec/${field}/' + string(i) + '/${suffix}'`
  const unless = (letter: string, group: string) =>
    `(own.contains(${toCel(letter)}) ? [] : variables.${group})`
  const variables = `${unless(OWN.regionalSts, 'regionalSts')} + ${unless(OWN.region, 'region')} + ${unless(OWN.method, 'method')}`
  return [
    `object.spec.?${field}.orValue([]).transformList(i, c, variables.${field}Own[i] != ${toCel(ALL_OWN)},`,
    `  [variables.${field}Own[i]].map(own, [${variables}].map(added,`,
    `    (added.size() == 0 ? [] : !has(c.env) ? [${addition(path('env'), 'added')}] :`,
    `      added.map(e, ${addition(path('env/-'), 'e')})) +`,
    `    (own.contains(${toCel(OWN.mount)}) ? [] : !has(c.volumeMounts) ? [${addition(path('volumeMounts'), `[${mount}]`)}] :`,
    `      [${addition(path('volumeMounts/-'), mount)}])).flatten())`,
    '  ).flatten().flatten()',
  ].join('\n')
}

/** What the policy's mark says of a pod. */
function writeMark({ mutation }: PolicySettings): string {
  const { volumeName } = mutation.webIdentity
  const hasOwnVolume = `object.spec.?volumes.orValue([]).exists(v, v.name == ${toCel(volumeName)})`
  const exceptions = CONTAINER_FIELDS.map(
    (field) =>
      `object.spec.?${field}.orValue([]).transformList(i, c, variables.${field}Own[i] != '', ' ' + c.name + ':' + variables.${field}Own[i])`,
  )
  return [
    'string(params.metadata.resourceVersion)',
    `+ (${hasOwnVolume} ? ${toCel(` ${OWN_VOLUME}`)} : '')`,
    `+ (${exceptions.join(' +\n  ')}).join()`,
  ].join('\n')
}

function isWindows(): string {
  const terms =
    'object.spec.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms'
  const labels = OS_LABELS.map(String)
  const asksForWindows = `x.key in ${toCel(labels)} && x.operator == 'In' && x.?values.orValue([]).size() > 0 && x.values.all(v, v == ${toCel(WINDOWS)})`
  return [
    `object.spec.?os.?name.orValue('') == ${toCel(WINDOWS)}`,
    ...labels.map(
      (label) => `|| ${memberOr('object.spec.?nodeSelector.orValue({})', label, "''")} == ${toCel(WINDOWS)}`,
    ),
    `|| [${terms}.orValue([])].exists(terms, type(terms) == list && terms.size() > 0 &&`,
    `  terms.all(t, t.?matchExpressions.orValue([]).exists(x, ${asksForWindows})))`,
  ].join('\n')
}
