import {
  ACCOUNT_ANNOTATIONS,
  FOREIGN_ANNOTATIONS,
  GO_BOOLEANS,
  MAX_PREFIX_DISTANCE,
  MAX_TOKEN_EXPIRATION_SECONDS,
  MAX_VALUE_CHARACTERS,
  MIN_TOKEN_EXPIRATION_SECONDS,
  POD_ONLY_ANNOTATIONS,
} from '../identity/annotations.ts'
import { ROLE_ARN_PATTERN, ROLE_NAME_PATTERN } from '../identity/role-arn.ts'
import type { WarningCode } from '../identity/warnings.ts'
import { listCel, quoteCel } from './cel-text.ts'
import { isNearCel, LENGTHS } from './near-text.ts'

/** A warning of the webhook about a ServiceAccount, as the API server finds it. */
export interface AnnotationRule {
  /** Name of the variable that holds what is found. */
  readonly name: string
  readonly code: WarningCode
  /** CEL: the names of the annotations that the warning is about, a list of texts. */
  readonly found: string
  /** What the annotations are called, where their names say too little. */
  readonly hint?: string
}

/** What rules have in common: CEL by name, each may use those before it. */
export const RULE_VARIABLES: Readonly<Record<string, string>> = {
  lengths: LENGTHS,
  annotations: 'object.metadata.?annotations.orValue({})',
  role: readValue('role-arn', ''),
  audience: readValue('audience', 'sts.amazonaws.com'),
  regionalSts: readValue('sts-regional-endpoints', 'true'),
  expiration: readValue('token-expiration', String(MIN_TOKEN_EXPIRATION_SECONDS)),
  // A whole number of up to 18 digits fits 64 bits; of 19 digits, those do that are not greater as a text.
  isWholeExpiration:
    "variables.expiration.matches('^[+-]?0*[0-9]{1,18}$') || " +
    "variables.expiration.matches('^[+-]?0*[1-9][0-9]{18}$') && " +
    'variables.expiration.substring(size(variables.expiration) - 19) <= ' +
    "(variables.expiration.startsWith('-') ? '9223372036854775808' : '9223372036854775807')",
  expirationSeconds: 'variables.isWholeExpiration ? int(variables.expiration) : 0',
}

/** Every warning that the webhook has about the annotations of a ServiceAccount alone. */
export const ANNOTATION_RULES: readonly AnnotationRule[] = [
  {
    name: 'mistyped',
    code: 'mistyped_prefix',
    found:
      'variables.annotations.filter(key, ' +
      `${listCel(FOREIGN_ANNOTATIONS)}.exists(name, name == key) || ` +
      `${listCel(ACCOUNT_ANNOTATIONS)}.exists(name, key.endsWith('/' + name)) && ` +
      `key.split('/')[0] != variables.prefix && ${isNearCel("key.split('/')[0]", 'variables.prefix', MAX_PREFIX_DISTANCE)})`,
    hint: "' (the prefix is ' + variables.prefix + ', as in ' + variables.prefix + '/role-arn)'",
  },
  {
    name: 'misplaced',
    code: 'misplaced_annotation',
    found: namesWhere(POD_ONLY_ANNOTATIONS, (name) => `${name} in variables.annotations`),
    hint: "' belongs on the pod and'",
  },
  {
    name: 'tooLong',
    code: 'value_too_long',
    found: namesWhere(
      ACCOUNT_ANNOTATIONS,
      (name) => `size(variables.annotations[?${name}].orValue('')) > ${MAX_VALUE_CHARACTERS}`,
    ),
  },
  {
    name: 'invalidRole',
    code: 'invalid_role_arn',
    found: nameIf(
      'role-arn',
      `variables.role != '' && !(variables.role.matches(${quoteCel(`^${ROLE_ARN_PATTERN}$`)}) || ` +
        "variables.composesRoleArns && !variables.role.contains('arn:') && " +
        `variables.role.matches(${quoteCel(`^${ROLE_NAME_PATTERN}$`)}))`,
    ),
  },
  { name: 'emptyAudience', code: 'empty_audience', found: nameIf('audience', "variables.audience == ''") },
  {
    name: 'unreadableRegionalSts',
    code: 'value_ignored',
    found: nameIf(
      'sts-regional-endpoints',
      `!(variables.regionalSts in ${listCel([...GO_BOOLEANS.true, ...GO_BOOLEANS.false])})`,
    ),
    hint: "' (write true or false)'",
  },
  {
    name: 'unreadableExpiration',
    code: 'value_ignored',
    found: nameIf('token-expiration', '!variables.isWholeExpiration'),
    hint: "' (write whole seconds)'",
  },
  {
    name: 'shortExpiration',
    code: 'value_raised',
    found: nameIf(
      'token-expiration',
      `variables.isWholeExpiration && variables.expirationSeconds < ${MIN_TOKEN_EXPIRATION_SECONDS}`,
    ),
  },
  {
    name: 'longExpiration',
    code: 'value_lowered',
    found: nameIf(
      'token-expiration',
      `variables.isWholeExpiration && variables.expirationSeconds > ${MAX_TOKEN_EXPIRATION_SECONDS}`,
    ),
  },
]

/** The value of an annotation; `unset` where there is none, or one that is too long and ignored: no rule finds that. */
function readValue(name: string, unset: string): string {
  const value = `variables.annotations[?variables.prefix + ${quoteCel(`/${name}`)}].orValue(${quoteCel(unset)})`
  return `size(${value}) <= ${MAX_VALUE_CHARACTERS} ? ${value} : ${quoteCel(unset)}`
}

function nameIf(name: string, condition: string): string {
  return `(${condition}) ? [variables.prefix + ${quoteCel(`/${name}`)}] : []`
}

function namesWhere(names: readonly string[], condition: (name: string) => string): string {
  return `${listCel(names)}.map(name, variables.prefix + '/' + name).filter(name, ${condition('name')})`
}
