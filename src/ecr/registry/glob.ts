/** Whether a name matches a pattern of `*`, `?`, `[…]` and `\x`, by the rules of Go's filepath.Match; a broken pattern matches nothing. */
export function matchesGlob(pattern: string, name: string): boolean {
  const tokens = readTokens(pattern)
  if (tokens === undefined) return false
  let tokenIndex = 0
  let nameIndex = 0
  // After a mismatch, the last star takes one character more.
  let retry: { readonly tokenIndex: number; nameIndex: number } | undefined
  while (nameIndex < name.length || tokenIndex < tokens.length) {
    const token = tokens[tokenIndex]
    const character = name[nameIndex]
    if (token === '*') {
      tokenIndex++
      retry = { tokenIndex, nameIndex }
    } else if (token !== undefined && character !== undefined && token(character)) {
      tokenIndex++
      nameIndex++
    } else {
      if (retry === undefined || retry.nameIndex >= name.length || name[retry.nameIndex] === '/') return false
      retry.nameIndex++
      tokenIndex = retry.tokenIndex
      nameIndex = retry.nameIndex
    }
  }
  return true
}

type Token = '*' | ((character: string) => boolean)

function readTokens(pattern: string): readonly Token[] | undefined {
  const tokens: Token[] = []
  let rest = pattern
  while (rest !== '') {
    const first = rest[0]
    if (first === '*') tokens.push('*')
    else if (first === '?') tokens.push((character) => character !== '/')
    else if (first === '[') {
      const found = readClass(rest)
      if (found === undefined) return undefined
      tokens.push(found.token)
      rest = found.rest
      continue
    } else {
      if (first === '\\') rest = rest.slice(1)
      const literal = rest[0]
      if (literal === undefined) return undefined
      tokens.push((character) => character === literal)
    }
    rest = rest.slice(1)
  }
  return tokens
}

const CLASS = /^\[(?<negation>\^?)(?<ranges>(?:(?:[^\]\\-]|\\.)(?:-(?:[^\]\\-]|\\.))?)+)\]/s

function readClass(text: string): { readonly token: Token; readonly rest: string } | undefined {
  const found = CLASS.exec(text)
  const { negation, ranges = '' } = found?.groups ?? {}
  if (found === null) return undefined
  const bounds = [...ranges.matchAll(/\\?(.)(?:-\\?(.))?/gs)].map(
    ([, low = '', high = low]) => [low, high] as const,
  )
  const isIn = (character: string) => bounds.some(([low, high]) => low <= character && character <= high)
  return { token: (character) => isIn(character) !== (negation === '^'), rest: text.slice(found[0].length) }
}
