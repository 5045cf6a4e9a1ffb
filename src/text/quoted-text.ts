import { describeSecret } from './secret-text.ts'

/** What JSON leaves as it is and terminals act on: DEL, the second set of control characters, line separators. */
const CONTROLS = /[\u007f-\u009f\u2028\u2029]/g

/**
 * Quotes a value for an error, a log line or a warning: one short line that does nothing to a terminal.
 *
 * A value that is long, or may be a secret, is described and not repeated, not even in part: people give a key where its
 * file's name was wanted, and what is printed ends in the logs of systemd, kubelets and CI.
 */
export function quoteText(text: string): string {
  return describeSecret(text) ?? escapeText(text)
}

function escapeText(text: string): string {
  return JSON.stringify(text).replaceAll(
    CONTROLS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Quotes what everybody may read, such as the ID of a published key, which looks like a secret: at most 200 characters of it. */
export function quotePublicText(text: string): string {
  return escapeText(text.length > 200 ? `${text.slice(0, 200)}…` : text)
}

/** As {@link quoteText} for some texts, of which the first few are told. */
export function quoteTexts(texts: readonly string[], quote = quoteText): string {
  const told = texts.slice(0, 5).map(quote).join(', ')
  return texts.length > 5 ? `${told} and ${texts.length - 5} more` : told
}

/** As {@link quoteText} for a value of any type, such as a member of a JSON document. */
export function quoteValue(value: unknown): string {
  return quoteText(typeof value === 'string' ? value : String(JSON.stringify(value)))
}

/** A path as it is written or, where it is no path but may be a secret, what it is. */
export function describePath(path: string): string {
  return describeSecret(path) ?? path
}
