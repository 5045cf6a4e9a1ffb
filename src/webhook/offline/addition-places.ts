import { isAlias, isMap, isNode, isScalar, isSeq, type Node, type YAMLMap, type YAMLSeq } from 'yaml'
import { type Addition, valueAt } from './additions.ts'

/** Where in a YAML document something is added; `depth` tells the inner of two places that end at one character. */
export type AdditionPlace = { readonly depth: number } & (
  | {
      readonly kind: 'items'
      readonly list: YAMLSeq
      /** Where the key ends that the list stands behind. */
      readonly keyEnd: number
      readonly isAtStart: boolean
      readonly values: readonly unknown[]
    }
  | { readonly kind: 'member'; readonly map: YAMLMap; readonly key: string; readonly value: unknown }
  | { readonly kind: 'value'; readonly start: number; readonly end: number; readonly value: unknown }
)

/**
 * Finds the places of additions. A path is followed as far as the text spells it out; from an alias or a merged member
 * on, the whole value that comes out, which `after` holds, is written in its place.
 *
 * `spelledOut` are the maps and lists on the ways, whose content changes.
 */
export function findPlaces(
  root: Node | null,
  additions: readonly Addition[],
  after: unknown,
): { readonly places: readonly AdditionPlace[]; readonly spelledOut: ReadonlySet<Node> } {
  const places = new Map<string, AdditionPlace>()
  const spelledOut = new Set<Node>()
  for (const addition of additions) {
    const { key, place } = findPlace(root, addition, after, spelledOut)
    const earlier = places.get(key)
    if (earlier?.kind === 'items' && place.kind === 'items')
      places.set(key, { ...place, values: [...earlier.values, ...place.values] })
    else places.set(key, place)
  }
  return { places: [...places.values()], spelledOut }
}

function findPlace(
  root: unknown,
  { path, value }: Addition,
  after: unknown,
  spelledOut: Set<Node>,
): { readonly key: string; readonly place: AdditionPlace } {
  let node = root
  let keyEnd = 0
  for (const [depth, token] of path.entries()) {
    if (isAlias(node) || !(isMap(node) || isSeq(node))) return writeValue(node, path.slice(0, depth), after)
    spelledOut.add(node)
    const isLast = depth === path.length - 1
    if (isSeq(node)) {
      if (isLast) {
        const isAtStart = token === '0'
        const place = { kind: 'items', depth, list: node, keyEnd, isAtStart, values: [value] } as const
        return { key: JSON.stringify([path.slice(0, depth), isAtStart]), place }
      }
      node = node.items[Number(token)]
    } else {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === token)
      const reached = path.slice(0, depth + 1)
      if (pair === undefined) {
        const place = {
          kind: 'member',
          depth,
          map: node,
          key: token,
          value: valueAt(after, reached),
        } as const
        return { key: JSON.stringify(reached), place }
      }
      if (isNode(pair.key)) keyEnd = pair.key.range?.[1] ?? 0
      node = pair.value
    }
  }
  return writeValue(node, path, after)
}

function writeValue(node: unknown, path: readonly string[], after: unknown) {
  const [start, end] = (isNode(node) ? node.range : undefined) ?? [0, 0]
  const place = { kind: 'value', depth: path.length, start, end, value: valueAt(after, path) } as const
  return { key: JSON.stringify(path), place }
}
