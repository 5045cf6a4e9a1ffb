/** Whether IAM's StringLike takes `text` for `pattern`: `*` is any characters, `?` any one; others are themselves. */
export function matchesPattern(pattern: string, text: string): boolean {
  let at = 0
  let patternAt = 0
  let starAt = -1
  let resumeAt = 0
  // Only the last star is ever tried again: no pattern takes longer than the product of both lengths.
  while (at < text.length) {
    const sign = pattern[patternAt]
    if (sign === '*') {
      starAt = patternAt++
      resumeAt = at
    } else if (sign === '?' || sign === text[at]) {
      patternAt++
      at++
    } else if (starAt >= 0) {
      patternAt = starAt + 1
      at = ++resumeAt
    } else return false
  }
  return /^\**$/.test(pattern.slice(patternAt))
}
