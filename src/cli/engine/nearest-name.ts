import { measureDistance } from '../../text/edit-distance.ts'

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
