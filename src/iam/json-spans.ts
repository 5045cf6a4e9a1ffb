/** Where a value stands in a text: its first character, and the one after its last. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A member of an object; both spans are of the same text. */
export interface MemberSpan {
  readonly name: string
  readonly value: Span
}

/** Texts, signs, and numbers or words: what JSON is made of, apart from white space. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g

/** Where the elements of the array are that `span` covers. `text` must be JSON that parses. */
export function findElements(text: string, span: Span): readonly Span[] {
  return [...findParts(text, span)]
}

/** Where the members of the object are that `span` covers. `text` must be JSON that parses. */
export function findMembers(text: string, span: Span): readonly MemberSpan[] {
  const parts = [...findParts(text, span)]
  return parts.flatMap((part, index) => {
    const value = parts[index + 1]
    if (index % 2 === 1 || value === undefined) return []
    return [{ name: JSON.parse(sliceSpan(text, part)) as string, value }]
  })
}

/** The text of a value. */
export function sliceSpan(text: string, { start, end }: Span): string {
  return text.slice(start, end)
}

/** Where the whole value is, without white space around it. */
export function findValue(text: string): Span {
  return { start: text.length - text.trimStart().length, end: text.trimEnd().length }
}

/** How many characters a JSON text has apart from white space between its parts, which IAM does not count. */
export function countCharacters(text: string): number {
  return text.match(TOKEN)?.reduce((sum, token) => sum + token.length, 0) ?? 0
}

/** Whether an object in it, at any depth, names a member twice: JSON.parse keeps the last and says nothing. */
export function hasRepeatedNames(text: string): boolean {
  const countTokens = (json: string) => json.match(TOKEN)?.length
  return countTokens(text) !== countTokens(JSON.stringify(JSON.parse(text)))
}

/** What commas and colons part at the first level: elements, or names and values in turn. */
function* findParts(text: string, span: Span): Generator<Span> {
  let depth = 0
  let part: Span | undefined
  for (const { 0: token, index } of sliceSpan(text, span).matchAll(TOKEN)) {
    const isClosing = token === '}' || token === ']'
    if (isClosing) depth--
    const isParting = depth === 1 && (token === ',' || token === ':')
    const isEnd = depth === 0 && isClosing
    if ((isParting || isEnd) && part !== undefined) {
      yield part
      part = undefined
    } else if (depth > 0) {
      const start = span.start + index
      part = { start: part?.start ?? start, end: start + token.length }
    }
    if (token === '{' || token === '[') depth++
  }
}
