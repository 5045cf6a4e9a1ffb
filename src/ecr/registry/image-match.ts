import { matchesGlob } from './glob.ts'
import { parseSchemelessUrl, type SchemelessUrl, SchemelessUrlError } from './schemeless-url.ts'

/**
 * Whether an image matches a pattern of matchImages, or the key of a credential, by the kubelet's rules: equal ports, as many
 * parts of the host, each by its glob, and the pattern's path as a plain beginning of the image's. What does not parse matches
 * nothing.
 *
 * Source: URLsMatchStr in k8s.io/kubernetes/pkg/credentialprovider/keyring.go.
 */
export function matchesImage(pattern: string, image: string): boolean {
  const [patternUrl, imageUrl] = [tryParse(pattern), tryParse(image)]
  if (patternUrl === undefined || imageUrl === undefined) return false
  return (
    patternUrl.port === imageUrl.port &&
    patternUrl.hostParts.length === imageUrl.hostParts.length &&
    imageUrl.path.startsWith(patternUrl.path) &&
    patternUrl.hostParts.every((part, index) => matchesGlob(part, imageUrl.hostParts[index] ?? ''))
  )
}

/** The patterns that an image matches, in the kubelet's order for keys: reverse lexicographic by bytes, so longer paths first. */
export function findMatches(patterns: readonly string[], image: string): readonly string[] {
  const matches = patterns.filter((pattern) => matchesImage(pattern, image))
  return matches.sort((a, b) => Buffer.compare(Buffer.from(b), Buffer.from(a)))
}

function tryParse(text: string): SchemelessUrl | undefined {
  try {
    return parseSchemelessUrl(text)
  } catch (error) {
    if (error instanceof SchemelessUrlError) return undefined
    throw error
  }
}
