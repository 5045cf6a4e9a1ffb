import { quoteText } from '../../text/quoted-text.ts'
import { ROLE_ANNOTATION, ROLE_VARIABLE } from '../plugin/credential-source.ts'
import { type LocatedObject, readField, readTexts } from './located.ts'
import type { Report } from './report.ts'

/** The audience of the tokens that a provider is given: the nodes must be allowed to ask for it. */
export interface TokenAudience {
  readonly audience: string
  readonly line: number
}

const REQUIRED_KEYS = 'requiredServiceAccountAnnotationKeys'
const OPTIONAL_KEYS = 'optionalServiceAccountAnnotationKeys'

/**
 * Checks tokenAttributes; `variables` are the names in the provider's env, `roleKeys` annotations that name a role for it beside
 * its own: absent for another provider, whose roles are its own business.
 */
export function checkTokenAttributes(
  attributes: LocatedObject,
  {
    line,
    variables,
    roleKeys,
  }: {
    readonly line: number
    readonly variables: readonly string[]
    readonly roleKeys: readonly string[] | undefined
  },
  report: Report,
): TokenAudience | undefined {
  const audience = readField(attributes, 'serviceAccountTokenAudience', 'text', report)
  if (isAbsent(attributes, 'serviceAccountTokenAudience') || audience?.text === '')
    report.refuse(
      line,
      'serviceAccountTokenAudience is missing',
      'write serviceAccountTokenAudience: sts.amazonaws.com',
    )
  checkCacheType(attributes, line, report)
  const isRequired = readField(attributes, 'requireServiceAccount', 'boolean', report)?.isTrue
  if (isAbsent(attributes, 'requireServiceAccount'))
    report.refuse(
      line,
      'requireServiceAccount is missing',
      'write requireServiceAccount: false, so that static pods are served too, or true',
    )
  const required = checkKeys(attributes, REQUIRED_KEYS, report)
  const optional = checkKeys(attributes, OPTIONAL_KEYS, report)
  if (isRequired === false && required.length > 0)
    report.refuse(
      line,
      `requireServiceAccount is false, and there are ${REQUIRED_KEYS}`,
      `write the keys under ${OPTIONAL_KEYS}, or requireServiceAccount: true`,
    )
  for (const key of required.filter((candidate) => optional.includes(candidate)))
    report.refuse(line, `${quoteText(key)} is both required and optional`, 'write it once')
  const isNamed = [...required, ...optional].some((key) =>
    [ROLE_ANNOTATION, ...(roleKeys ?? [])].includes(key),
  )
  if (roleKeys !== undefined && !isNamed && !variables.includes(ROLE_VARIABLE))
    report.warn(
      line,
      'tokens are asked for, and no role is named for them',
      `write ${ROLE_ANNOTATION} under ${OPTIONAL_KEYS}, or ${ROLE_VARIABLE} under env`,
    )
  return audience === undefined || audience.text === ''
    ? undefined
    : { audience: audience.text, line: audience.line }
}

function isAbsent(object: LocatedObject, name: string): boolean {
  const value = object.fields.get(name)?.value
  return value === undefined || value.kind === 'null'
}

function checkCacheType(attributes: LocatedObject, line: number, report: Report): void {
  const cacheType = readField(attributes, 'cacheType', 'text', report)
  const remedy = 'write cacheType: ServiceAccount, or Token'
  if (isAbsent(attributes, 'cacheType') || cacheType?.text === '')
    report.refuse(line, 'cacheType is missing', remedy)
  else if (cacheType !== undefined && !['ServiceAccount', 'Token'].includes(cacheType.text))
    report.refuse(cacheType.line, `cacheType is ${quoteText(cacheType.text)}`, remedy)
}

const DNS_SUBDOMAIN = /^(?=.{1,253}$)[a-z\d](?:[-a-z\d]*[a-z\d])?(?:\.[a-z\d](?:[-a-z\d]*[a-z\d])?)*$/

const QUALIFIED_NAME = /^(?=.{1,63}$)[a-z\d](?:[-_.a-z\d]*[a-z\d])?$/

function checkKeys(attributes: LocatedObject, field: string, report: Report): readonly string[] {
  const keys = readTexts(attributes, field, report)
  const seen = new Set<string>()
  for (const { text, line } of keys) {
    if (!isAnnotationKey(text))
      report.refuse(
        line,
        `${quoteText(text)} is no key of an annotation`,
        'write one such as example.com/name',
      )
    if (seen.has(text)) report.refuse(line, `${quoteText(text)} is there twice`, 'write it once')
    seen.add(text)
  }
  return [...seen]
}

function isAnnotationKey(text: string): boolean {
  const parts = text.toLowerCase().split('/')
  const [prefix, name] = parts.length > 1 ? parts : [undefined, parts[0]]
  const isPrefixed = prefix === undefined || DNS_SUBDOMAIN.test(prefix)
  return parts.length <= 2 && isPrefixed && QUALIFIED_NAME.test(name ?? '')
}
