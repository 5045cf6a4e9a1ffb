import { quoteText } from '../../text/quoted-text.ts'
import { RolesAnywhereError } from '../roles-anywhere-error.ts'
import type { Session } from '../session.ts'

/** What botocore reads before aws_session_token: left there, it would go with the new key. */
const STALE_KEYS: ReadonlySet<string> = new Set(['aws_security_token'])

/** What makes SDKs look elsewhere than at the keys of a profile, or go on from them. */
const REDIRECTING_KEYS = ['role_arn', 'source_profile', 'credential_process']

/** The keys of a profile by which SDKs do not, or not only, use its credentials. */
export function findRedirections(text: string, profile: string): readonly string[] {
  const found = new Set<string>()
  let isInProfile = false
  for (const line of text.match(/.*(?:\r\n|\n|\r)|.+$/g) ?? []) {
    const heading = HEADING.exec(line)?.[1]
    if (heading !== undefined) isInProfile = heading === profile
    const key = isInProfile ? KEY.exec(line)?.[2]?.toLowerCase() : undefined
    if (key !== undefined && REDIRECTING_KEYS.includes(key)) found.add(key)
  }
  return [...found]
}

/** A section's heading; a byte order mark may stand before the first. */
const HEADING = /^\uFEFF?[ \t]*\[[ \t]*([^\]]*?)[ \t]*\]/
const KEY = /^([ \t]*)([A-Za-z_]\w*)([ \t]*[=:][ \t]*)/

/**
 * Puts a session's credentials into a profile of a shared credentials file. All else stays as it is: other profiles,
 * other keys of the profile, comments, order, line ends.
 *
 * Throws a RolesAnywhereError where the profile's name cannot stand in such a file.
 */
export function replaceCredentials(text: string, profile: string, session: Session): string {
  if (!/^[^\][\r\n]+$/.test(profile) || profile !== profile.trim()) {
    throw new RolesAnywhereError(`${quoteText(profile)} cannot be the name of a profile`)
  }
  const values = new Map([
    ['aws_access_key_id', session.accessKeyId],
    ['aws_secret_access_key', session.secretAccessKey],
    ['aws_session_token', session.sessionToken],
  ])
  const lines = text.match(/.*(?:\r\n|\n|\r)|.+$/g) ?? []
  const lineEnd = /\r\n|\n|\r/.exec(text)?.[0] ?? '\n'
  const written = replaceValues(lines, profile, values)
  if (written.insertAt === undefined) return text + writeNewProfile(text, profile, values, lineEnd)
  const missing = [...values].filter(([key]) => !written.found.has(key))
  // As deep as what follows: that would be the rest of a value, were it deeper (Python's configparser).
  const indent = written.indent ?? readIndent(written.lines[written.insertAt] ?? '')
  const added = missing.map(([key, value]) => `${indent}${key} = ${value}${lineEnd}`)
  const before = written.lines.slice(0, written.insertAt)
  if (added.length > 0) endLine(before, lineEnd)
  return [...before, ...added, ...written.lines.slice(written.insertAt)].join('')
}

interface Replacement {
  readonly lines: string[]
  readonly found: ReadonlySet<string>
  /** Where the profile's missing keys go; `undefined` where there is no such profile. */
  readonly insertAt: number | undefined
  /** Of the key before that place. */
  readonly indent: string | undefined
}

function replaceValues(
  source: readonly string[],
  profile: string,
  values: ReadonlyMap<string, string>,
): Replacement {
  const lines: string[] = []
  const found = new Set<string>()
  let insertAt: number | undefined
  let isInProfile = false
  let indentBefore: string | undefined
  let replacedIndent: number | undefined
  for (const line of source) {
    const heading = HEADING.exec(line)?.[1]
    if (heading !== undefined) {
      isInProfile = heading === profile
      replacedIndent = undefined
      lines.push(line)
      if (isInProfile) insertAt ??= lines.length
      continue
    }
    // The rest of the old value.
    if (replacedIndent !== undefined && isContinuation(line, replacedIndent)) continue
    replacedIndent = undefined
    const [prefix = '', indent = '', key = ''] = (isInProfile && KEY.exec(line)) || []
    const value = values.get(key.toLowerCase())
    if (STALE_KEYS.has(key.toLowerCase())) {
      replacedIndent = indent.length
      continue
    }
    if (value === undefined) {
      lines.push(line)
      continue
    }
    replacedIndent = indent.length
    found.add(key.toLowerCase())
    lines.push(prefix + value + (/[\r\n]+$/.exec(line)?.[0] ?? ''))
    insertAt = lines.length
    indentBefore = indent
  }
  return { lines, found, insertAt, indent: indentBefore }
}

function isContinuation(line: string, keyIndent: number): boolean {
  return readIndent(line).length > keyIndent && line.trim() !== '' && !/^[#;]/.test(line.trim())
}

function readIndent(line: string): string {
  return /^[ \t]*/.exec(line)?.[0] ?? ''
}

function writeNewProfile(
  text: string,
  profile: string,
  values: ReadonlyMap<string, string>,
  lineEnd: string,
): string {
  const ending = text === '' ? [] : [/[\r\n]$/.test(text) ? '' : lineEnd, lineEnd]
  const lines = [`[${profile}]`, ...[...values].map(([key, value]) => `${key} = ${value}`)]
  return ending.join('') + lines.map((line) => line + lineEnd).join('')
}

function endLine(lines: string[], lineEnd: string): void {
  const last = lines.pop() ?? ''
  lines.push(/[\r\n]$/.test(last) ? last : last + lineEnd)
}
