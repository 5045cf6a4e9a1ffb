import { findElements, findMembers, findValue, type Span, sliceSpan } from './json-spans.ts'

/** A trust policy: its text, which is never written anew, and where its statements are in it. */
export interface TrustPolicy {
  readonly text: string
  /** The value of the member Statement: an array, or one statement alone. */
  readonly statementsSpan: Span
  readonly statements: readonly TrustStatement[]
}

/** A statement of a trust policy. */
export interface TrustStatement {
  readonly span: Span
  /** As JSON.parse reads it. */
  readonly value: JsonObject
}

/** An object of a policy; what is in it may be anything. */
export type JsonObject = Readonly<Record<string, unknown>>

/** One comparison of a Condition: the key's value against any of `values`, by the operator. */
export interface TrustCondition {
  /** `StringEquals`. */
  readonly operator: string
  /** As written; IAM reads it whatever its case. */
  readonly key: string
  readonly values: readonly string[]
}

/** Reads a policy. Throws an Error of one line where the text is no policy; what IAM thinks of it is another matter. */
export function parseTrustPolicy(text: string): TrustPolicy {
  const value = parseJson(text)
  if (!isObject(value)) throw new Error('the policy is not a JSON object')
  const statementsSpan = findMembers(text, findValue(text)).findLast(
    ({ name }) => name === 'Statement',
  )?.value
  if (statementsSpan === undefined) throw new Error('the policy has no Statement')
  const isArray = text[statementsSpan.start] === '['
  const spans = isArray ? findElements(text, statementsSpan) : [statementsSpan]
  const statements = spans.map((span) => ({ span, value: JSON.parse(sliceSpan(text, span)) as unknown }))
  if (!statements.every(hasObject)) throw new Error('a Statement of the policy is not a JSON object')
  return { text, statementsSpan, statements }
}

/** A member of a policy that is a text or a list of texts, as a list; `undefined` where it is neither. */
export function readTexts(value: unknown): readonly string[] | undefined {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value]
  return texts.every((text) => typeof text === 'string') ? texts : undefined
}

/** The comparisons of a statement, which must all hold; `undefined` where Condition is not made of texts as it should be. */
export function readConditions({ value }: TrustStatement): readonly TrustCondition[] | undefined {
  const { Condition: block = {} } = value
  if (!isObject(block)) return undefined
  const conditions: TrustCondition[] = []
  for (const [operator, keys] of Object.entries(block)) {
    if (!isObject(keys)) return undefined
    for (const [key, listed] of Object.entries(keys)) {
      const values = readTexts(listed)
      if (values === undefined) return undefined
      conditions.push({ operator, key, values })
    }
  }
  return conditions
}

/** Whether a value of JSON is an object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function hasObject(statement: { readonly span: Span; readonly value: unknown }): statement is TrustStatement {
  return isObject(statement.value)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // V8's message repeats a piece of the text, which may be of any file.
    throw new Error('the policy is not JSON', { cause: error })
  }
}
