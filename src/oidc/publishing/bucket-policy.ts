import { createHash } from 'node:crypto'
import type { IssuerLocation } from './issuer-location.ts'

type PolicyLocation = Pick<IssuerLocation, 'bucketArn' | 'prefix' | 'keysKey' | 'discoveryKey'>

/** A policy document as S3 has it; what is not ours is carried along as it is. */
interface Policy {
  readonly Statement?: unknown
  readonly [member: string]: unknown
}

/**
 * Puts the statement that lets everyone read the two objects of a location into a bucket's policy; all others stay as they
 * are. Gives `undefined` where it is in it already.
 *
 * `current` is the policy's text. Throws an Error of one line where it cannot be read.
 */
export function mergeBucketPolicy(current: string | undefined, location: PolicyLocation): string | undefined {
  const policy = current === undefined ? {} : parsePolicy(current)
  const statements = listOf(policy.Statement)
  const ours = buildStatement(location)
  const index = statements.findIndex((statement) => readMember(statement, 'Sid') === ours.Sid)
  if (index >= 0 && isSameStatement(statements[index], ours)) return undefined
  const merged = index < 0 ? [...statements, ours] : statements.with(index, ours)
  return JSON.stringify({ Version: '2012-10-17', ...policy, Statement: merged }, undefined, 2)
}

/** Names statements of others that allow everyone something; a block of public policies is all that holds them back. */
export function findPublicStatements(current: string | undefined): readonly string[] {
  if (current === undefined) return []
  return listOf(parsePolicy(current).Statement).flatMap((statement, index) => {
    const sid = readMember(statement, 'Sid')
    const isOurs = typeof sid === 'string' && sid.startsWith(OWN_SID)
    if (isOurs || readMember(statement, 'Effect') !== 'Allow' || !isForEveryone(statement)) return []
    return [typeof sid === 'string' ? sid : `the statement at place ${index + 1}`]
  })
}

function isForEveryone(statement: unknown): boolean {
  const principal = readMember(statement, 'Principal')
  const names = principal === '*' ? ['*'] : listOf(readMember(principal, 'AWS'))
  const isNarrowed = NARROWING_OPERATORS.some((operator) =>
    Object.keys(readMember(readMember(statement, 'Condition'), operator) ?? {}).some((key) =>
      NARROWING_KEY.test(key),
    ),
  )
  return (names.includes('*') || readMember(statement, 'NotPrincipal') !== undefined) && !isNarrowed
}

/** Conditions with which S3 takes a statement for one that is not public, as its guide to Block Public Access lists them. */
const NARROWING_OPERATORS = ['StringEquals', 'ArnEquals', 'IpAddress']
const NARROWING_KEY =
  /^(?:aws:(?:Principal(?:Account|Arn|OrgId|OrgPaths)|Source(?:Account|Arn|Ip|OrgId|OrgPaths|Owner|Vpc|Vpce)|userid)|s3:DataAccessPoint(?:Account|Arn))$/i

function buildStatement({ bucketArn, prefix, keysKey, discoveryKey }: PolicyLocation) {
  return {
    Sid: nameStatement(prefix),
    Effect: 'Allow',
    Principal: '*',
    Action: 's3:GetObject',
    Resource: [`${bucketArn}/${discoveryKey}`, `${bucketArn}/${keysKey}`],
  } as const
}

/** A Sid takes letters and digits alone, so a prefix is told by its digest. */
function nameStatement(prefix: string): string {
  return prefix === '' ? OWN_SID : OWN_SID + createHash('sha256').update(prefix).digest('hex').slice(0, 12)
}

/** What the names of our statements begin with. */
const OWN_SID = 'PodIdentityWebhookIssuer'

/** How everyone is written in JSON. */
const EVERYONE = ['"*"', '{"AWS":"*"}', '{"AWS":["*"]}']

/** S3 may answer with lists of one as texts, and with members in another order. */
function isSameStatement(one: unknown, other: object): boolean {
  return JSON.stringify(normalize(one)) === JSON.stringify(normalize(other))
}

function normalize(statement: unknown): unknown {
  if (typeof statement !== 'object' || statement === null) return statement
  const principal = readMember(statement, 'Principal')
  const isEveryone = EVERYONE.includes(JSON.stringify(principal))
  return Object.entries({ ...statement, Principal: isEveryone ? '*' : principal })
    .map(
      ([name, value]) =>
        [
          name,
          listOf(value)
            .map((item) => JSON.stringify(item))
            .sort(),
        ] as const,
    )
    .sort(([a], [b]) => (a < b ? -1 : 1))
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

function readMember(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function parsePolicy(text: string): Policy {
  const value = parseJson(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Policy
  throw new Error('the policy of the bucket is no JSON object; correct or delete it')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
