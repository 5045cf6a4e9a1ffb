/** CEL for the numbers that {@link isNearCel} counts equal letters by, as `variables.lengths`; prefixes are shorter. */
export const LENGTHS = `[${Array.from({ length: 64 }, (_, index) => index + 1).join(', ')}]`

/**
 * CEL for: is a text at most so many edits away from another, each of which inserts, removes or replaces a character
 * (Levenshtein's distance)? `left` and `right` are CEL for the texts.
 *
 * CEL has no recursion, so that the recursion is written out: what both begin with is cut off, which is never worse
 * than not to; then an edit is spent on the left's next letter, on the right's, or on both.
 */
export function isNearCel(left: string, right: string, edits: number): string {
  const name = `texts${edits}`
  return `[[${left}, ${right}]].exists(${name}, ${isPairNear(name, edits)})`
}

function isPairNear(pair: string, edits: number): string {
  const [left, right] = [`${pair}[0]`, `${pair}[1]`]
  const isSame = `${left} == ${right}`
  if (edits === 0) return isSame
  const [same, skip] = [`same${edits}`, `skip${edits}`]
  const common =
    `size(variables.lengths.filter(length, length <= size(${left}) && length <= size(${right}) && ` +
    `${left}.substring(0, length) == ${right}.substring(0, length)))`
  const [leftFrom, rightFrom] = [`${same} + ${skip}[0]`, `${same} + ${skip}[1]`]
  const rest = isNearCel(`${left}.substring(${leftFrom})`, `${right}.substring(${rightFrom})`, edits - 1)
  return (
    `${isSame} || [${common}].exists(${same}, [[1, 0], [0, 1], [1, 1]].exists(${skip}, ` +
    `${leftFrom} <= size(${left}) && ${rightFrom} <= size(${right}) && ${rest}))`
  )
}
