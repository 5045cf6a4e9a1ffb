import { isDeepStrictEqual } from 'node:util'
import { findMembers, type Span, sliceSpan } from './json-spans.ts'
import { type PlainTrust, readStatement } from './plain-trust.ts'
import { type JsonObject, parseTrustPolicy, type TrustPolicy } from './trust-policy.ts'
import { findSubjectWarnings, hasWildcard, type TrustRequest } from './trust-request.ts'

/** A policy that says what was asked for. */
export interface MergedPolicy {
  /** What was given, where it said so already. */
  readonly text: string
  readonly isChanged: boolean
  /** What else people should know, a line each. */
  readonly warnings: readonly string[]
}

/** Writes the trust policy of a new role. */
export function createTrustPolicy(request: TrustRequest): MergedPolicy {
  return { ...createStatement(buildStatement(request)), warnings: findSubjectWarnings(request.subjects) }
}

/** Writes a policy of one statement. */
export function createStatement(statement: JsonObject): MergedPolicy {
  const policy = { Version: '2012-10-17', Statement: [statement] }
  return { text: JSON.stringify(policy, undefined, 2), isChanged: true, warnings: [] }
}

/**
 * Adds a statement to a policy, unless one says the same under any Sid; all others keep their bytes. Throws an Error of one line
 * where the text is no policy.
 */
export function mergeStatement(text: string, statement: JsonObject): MergedPolicy {
  const policy = parseTrustPolicy(text)
  const isSaid = policy.statements.some(({ value: { Sid: _sid, ...said } }) =>
    isDeepStrictEqual(said, statement),
  )
  const merged = isSaid ? text : applyEdits(text, [insertStatement(policy, statement)])
  return { text: merged, isChanged: !isSaid, warnings: [] }
}

/**
 * Adds to a policy, given as text, what is asked for. Statements that are plain trust in the same provider are ours,
 * whoever wrote them: the first with the same audience gets the subjects that are missing, in their order. Every other
 * statement keeps its bytes: the policy is edited as text, for JSON written anew loses forms of numbers and repeated names.
 *
 * With `isReplacing` one plain statement stays, with exactly what is asked for. Throws an Error of one line where the
 * text is no policy.
 */
export function mergeTrust(text: string, request: TrustRequest): MergedPolicy {
  const policy = parseTrustPolicy(text)
  const readings = policy.statements.map((statement) => readStatement(policy, statement, request))
  const ours = readings.filter((reading) => reading.kind === 'plain')
  const edits = request.isReplacing
    ? replaceSubjects(policy, ours, request)
    : addSubjects(policy, ours, request)
  const merged = applyEdits(text, edits)
  const special = readings.flatMap((reading, index) =>
    reading.kind === 'special'
      ? [`statement ${index + 1} trusts this provider too and is left as it is: ${reading.reason}`]
      : [],
  )
  return {
    text: merged,
    isChanged: merged !== text,
    warnings: [...findSubjectWarnings(request.subjects), ...special],
  }
}

interface Edit {
  readonly span: Span
  readonly text: string
}

function addSubjects(
  policy: TrustPolicy,
  ours: readonly PlainTrust[],
  request: TrustRequest,
): readonly Edit[] {
  // Subjects united under more than one audience would let in pairs of the two that nobody named.
  const alike = ours.filter(({ audiences }) => hasSameItems(audiences, [request.audience]))
  const present = new Set(alike.flatMap(({ subjects }) => subjects))
  const missing = request.subjects.filter((subject) => !present.has(subject))
  const [first] = alike
  if (first === undefined) return [insertStatement(policy, buildStatement(request))]
  if (missing.length === 0) return []
  return [editCondition(policy, first, { ...request, subjects: [...first.subjects, ...missing] })]
}

function replaceSubjects(
  policy: TrustPolicy,
  [first, ...others]: readonly PlainTrust[],
  request: TrustRequest,
): readonly Edit[] {
  if (first === undefined) return [insertStatement(policy, buildStatement(request))]
  const isSaid =
    hasSameItems(first.subjects, request.subjects) && hasSameItems(first.audiences, [request.audience])
  return [
    ...(isSaid ? [] : [editCondition(policy, first, request)]),
    ...others.map(({ statement }) => removeStatement(policy, statement.span)),
  ]
}

function buildStatement(request: TrustRequest): JsonObject {
  return {
    Effect: 'Allow',
    Principal: { Federated: request.providerArn },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: buildCondition(request),
  }
}

/**
 * One operator for both keys: StringLike is StringEquals for texts without wildcards, as audiences are here, and so are
 * subjects that were there before a pattern joined them.
 */
function buildCondition({ hostPath, subjects, audience }: TrustRequest): JsonObject {
  const listed = [...new Set(subjects)]
  const operator = listed.some(hasWildcard) ? 'StringLike' : 'StringEquals'
  return {
    [operator]: {
      [`${hostPath}:aud`]: audience,
      [`${hostPath}:sub`]: listed.length === 1 ? listed[0] : listed,
    },
  }
}

function editCondition({ text }: TrustPolicy, { statement }: PlainTrust, request: TrustRequest): Edit {
  const condition = findMembers(text, statement.span).find(({ name }) => name === 'Condition')
  // A plain statement has conditions.
  const span = condition?.value ?? statement.span
  return { span, text: renderAt(text, span.start, buildCondition(request)) }
}

function insertStatement({ text, statements, statementsSpan }: TrustPolicy, statement: JsonObject): Edit {
  const last = statements.at(-1)?.span
  if (last === undefined)
    return {
      span: statementsSpan,
      text: `[${renderAt(text, statementsSpan.start, statement)}]`,
    }
  const rendered = renderAt(text, last.start, statement)
  const separator = text.includes('\n') ? `,\n${indentationAt(text, last.start)}` : ','
  const isAlone = last.start === statementsSpan.start
  if (isAlone) return { span: last, text: `[${sliceSpan(text, last)}${separator}${rendered}]` }
  return { span: { start: last.end, end: last.end }, text: separator + rendered }
}

/** Only for statements that another one stands before. */
function removeStatement({ statements }: TrustPolicy, span: Span): Edit {
  const before = statements.findLast((other) => other.span.end < span.start)?.span.end ?? span.start
  return { span: { start: before, end: span.end }, text: '' }
}

/** Edits neither overlap nor begin at one place. */
function applyEdits(text: string, edits: readonly Edit[]): string {
  return edits
    .toSorted((a, b) => b.span.start - a.span.start)
    .reduce(
      (edited, { span, text: piece }) => edited.slice(0, span.start) + piece + edited.slice(span.end),
      text,
    )
}

/** In the style of the text around: over lines with the indentation of that line, or all in one. */
function renderAt(text: string, start: number, value: JsonObject): string {
  if (!text.includes('\n')) return JSON.stringify(value)
  return JSON.stringify(value, undefined, 2).replaceAll('\n', `\n${indentationAt(text, start)}`)
}

function indentationAt(text: string, start: number): string {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1
  return /^[ \t]*/.exec(text.slice(lineStart, start))?.[0] ?? ''
}

function hasSameItems(some: readonly string[], others: readonly string[]): boolean {
  return some.every((item) => others.includes(item)) && others.every((item) => some.includes(item))
}
