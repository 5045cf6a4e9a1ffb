/**
 * The name that a mistyped one was probably meant to be; `undefined` where nothing is near.
 *
 * Near is two letters in a short name, as where two are swapped, and two fifths of a long one.
 */
export function findNearestName(mistyped: string, names: Iterable<string>): string | undefined {
  let nearest: string | undefined
  const maxDistance = Math.min(Math.max(2, Math.floor(mistyped.length * 0.4)), mistyped.length - 1)
  let nearestDistance = maxDistance + 1
  for (const name of names) {
    const distance = measureDistance(mistyped, name)
    if (distance < nearestDistance) [nearest, nearestDistance] = [name, distance]
  }
  return nearest
}

/** Levenshtein's distance: how many letters must be added, removed or replaced. */
function measureDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1)
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[to.length] ?? 0
}
