import {
  annotationKey,
  GO_BOOLEANS,
  listAccountAnnotationKeys,
  MAX_TOKEN_EXPIRATION_SECONDS,
  MAX_VALUE_CHARACTERS,
  MIN_TOKEN_EXPIRATION_SECONDS,
} from '../identity/annotations.ts'
import { settleWebIdentity } from '../identity/decide.ts'
import { composeRoleArn } from '../identity/role-arn.ts'
import { memberOr, toCel } from './cel.ts'
import type { PolicyMapping, PolicySettings } from './policy-settings.ts'

/** A named expression of a policy, computed at most once for a pod. */
export interface PolicyVariable {
  readonly name: string
  readonly expression: string
}

/** Where the ServiceAccount is: the parameter of a policy over pods, the object of one over ServiceAccounts. */
export type AccountPlace = 'params' | 'object'

export const POD_ANNOTATIONS = 'object.metadata.?annotations.orValue({})'

function accountAnnotations(place: AccountPlace): string {
  return `${place}.metadata.?annotations.orValue({})`
}

/** What a pod's annotation says; empty where it has none. */
export function podAnnotation(
  settings: PolicySettings,
  name: 'skip-containers' | 'token-expiration',
): string {
  return memberOr(POD_ANNOTATIONS, annotationKey(settings.mutation.annotationPrefix, name), "''")
}

/** Whether a ServiceAccount has a role. */
export function hasRole({ mutation, mappings }: PolicySettings, place: AccountPlace): string {
  const role = memberOr(accountAnnotations(place), annotationKey(mutation.annotationPrefix, 'role-arn'), "''")
  const isAnnotated = `[${role}].exists(r, r != '' && ${isShort('r')})`
  return mappings.length === 0
    ? isAnnotated
    : `(${isAnnotated} || ${findMapping(mappings, place)}.role != '')`
}

/** The identity that the ServiceAccount of the pod has: role, audience, expiration, isRegional. */
export function listIdentityVariables(settings: PolicySettings): readonly PolicyVariable[] {
  const { mutation, mappings } = settings
  const { annotationPrefix: prefix, defaults } = mutation
  const account = (name: Parameters<typeof annotationKey>[1], fallback: string) =>
    memberOr('variables.account', annotationKey(prefix, name), fallback)
  const fromMapping = (member: string, otherwise: string) =>
    mappings.length === 0 ? otherwise : `variables.isMapped ? variables.mapping.${member} : ${otherwise}`
  const role = account('role-arn', "''")
  const regional = account('sts-regional-endpoints', "''")
  const podExpiration = podAnnotation(settings, 'token-expiration')
  const defaultExpiration = fromMapping('expiration', toCel(String(defaults.tokenExpirationSeconds)))
  return [
    { name: 'account', expression: readShortAnnotations(prefix) },
    ...(mappings.length === 0
      ? []
      : [
          { name: 'isMapped', expression: `${role} == ''` },
          { name: 'mapping', expression: findMapping(mappings, 'params', settings) },
        ]),
    { name: 'role', expression: fromMapping('role', composeRole(role, mutation)) },
    { name: 'audience', expression: fromMapping('audience', account('audience', toCel(defaults.audience))) },
    {
      name: 'isRegional',
      expression: fromMapping(
        "regional != ''",
        defaults.isRegionalSts
          ? `!(${regional} in ${toCel(GO_BOOLEANS.false)})`
          : `${regional} in ${toCel(GO_BOOLEANS.true)}`,
      ),
    },
    {
      name: 'expiration',
      expression: readExpiration([
        podExpiration,
        mappings.length === 0
          ? account('token-expiration', "''")
          : `variables.isMapped ? '' : ${account('token-expiration', "''")}`,
        defaultExpiration,
      ]),
    },
  ]
}

/** Our annotations of the ServiceAccount but those that are too long to count. */
function readShortAnnotations(prefix: string): string {
  return [
    `[${accountAnnotations('params')}].map(a, ${toCel(listAccountAnnotationKeys(prefix))}`,
    `  .filter(k, k in a && ${isShort('a[k]')})`,
    '  .transformMapEntry(i, k, {k: string(a[k])}))[0]',
  ].join('\n')
}

function isShort(text: string): string {
  return `size(${text}) <= ${MAX_VALUE_CHARACTERS}`
}

function composeRole(role: string, { roleArnParts }: PolicySettings['mutation']): string {
  if (roleArnParts === undefined) return role
  const hole = '\u0000'
  const [before = '', after = ''] = composeRoleArn(hole, roleArnParts).split(hole)
  return `[${role}].map(r, r.contains('arn:') ? r : ${toCel(before)} + r + ${toCel(after)})[0]`
}

const LARGEST = String(2n ** 63n - 1n)
const LARGEST_NEGATIVE = String(2n ** 63n)

/** The first of some texts that is a whole number of 64 bits, brought within what the API server takes. */
function readExpiration(texts: readonly string[]): string {
  const [min, max] = [MIN_TOKEN_EXPIRATION_SECONDS, MAX_TOKEN_EXPIRATION_SECONDS]
  return `${readSeconds(texts)}.map(s, s < ${min} ? ${min} : s > ${max} ? ${max} : s)[0]`
}

/** The whole numbers of 64 bits among some texts: a negative one is 0, one that is far too large just too large. */
export function readSeconds(texts: readonly string[]): string {
  return [
    `[${texts.join(',\n  ')}].filter(t, t.matches('^[+-]?[0-9]+$'))`,
    "  .map(t, {'isNegative': t.startsWith('-') ? 'true' : '', 'digits': t.find('[1-9][0-9]*$')})",
    `  .filter(n, n.digits.size() < 19 || n.digits.size() == 19 && n.digits <= (n.isNegative == '' ? '${LARGEST}' : '${LARGEST_NEGATIVE}'))`,
    `  .map(n, n.isNegative != '' ? 0 : n.digits.size() > 10 ? ${MAX_TOKEN_EXPIRATION_SECONDS + 1} : int('0' + n.digits))`,
  ].join('\n')
}

/** The mapping of the pod's ServiceAccount as a map of texts; its role is empty where there is none. */
function findMapping(
  mappings: readonly PolicyMapping[],
  place: AccountPlace,
  settings?: PolicySettings,
): string {
  const write = ({ mapping }: PolicyMapping) => {
    if (settings === undefined) return toCel({ role: mapping.role })
    const identity = settleWebIdentity(mapping, { tokenExpirationSeconds: undefined }, settings.mutation)
    return toCel({
      role: identity.roleArn,
      audience: identity.audience,
      regional: identity.isRegionalSts ? 'true' : '',
      expiration: String(identity.tokenExpirationSeconds),
    })
  }
  const exact = mappings.filter(({ namespace }) => !namespace.includes('*'))
  const globs = mappings.filter(({ namespace }) => namespace.includes('*'))
  const entries = exact.map((entry) => `${toCel(`${entry.namespace}/${entry.name}`)}: ${write(entry)}`)
  const otherwise = globs.reduceRight(
    (rest, entry) =>
      `${place}.metadata.name == ${toCel(entry.name)} && request.namespace.matches(${toCel(globPattern(entry.namespace))}) ? ${write(entry)} : ${rest}`,
    "{'role': ''}",
  )
  const key = `request.namespace + '/' + ${place}.metadata.name`
  return entries.length === 0 ? `(${otherwise})` : `{${entries.join(', ')}}[?${key}].orValue(${otherwise})`
}

function globPattern(glob: string): string {
  const pieces = glob.split('*').map((piece) => piece.replaceAll(/[^A-Za-z0-9-]/g, String.raw`\$&`))
  return `^${pieces.join('.*')}$`
}
