import { measureDistance } from '../../text/edit-distance.ts'
import { quoteText } from '../../text/quoted-text.ts'
import { matchesImage } from '../registry/image-match.ts'
import { REGISTRY_PATTERNS } from '../registry/registry-patterns.ts'
import { parseSchemelessUrl, SchemelessUrlError } from '../registry/schemeless-url.ts'
import { type LocatedObject, readTexts } from './located.ts'
import type { Report } from './report.ts'

/** Checks the matchImages of a provider: what the kubelet cannot parse, and what will not match what it was written for. */
export function checkPatterns(
  provider: LocatedObject,
  { isForEcr }: { readonly isForEcr: boolean },
  report: Report,
): void {
  const field = provider.fields.get('matchImages')
  const patterns = readTexts(provider, 'matchImages', report)
  if (patterns.length === 0 && (field === undefined || field.value.kind !== 'list' || isEmpty(field.value))) {
    if (field === undefined || field.value.kind === 'null' || field.value.kind === 'list')
      report.refuse(
        field?.line ?? provider.line,
        'matchImages is empty',
        isForEcr ? 'write "*.dkr.ecr.*.amazonaws.com"' : 'write the images that the provider is for',
      )
  }
  for (const { text, line } of patterns) checkPattern(text, line, { isForEcr }, report)
  if (!isForEcr) return
  const texts = patterns.map(({ text }) => text)
  const missing = findMissingPatterns(texts)
  if (missing.length === 0) return
  report.warn(
    field?.line ?? provider.line,
    `these of ECR get no credentials: ${missing.map(({ meaning }) => meaning).join(', ')}`,
    `write the patterns of those that you use; ecr-credential-provider config prints all`,
  )
}

function isEmpty({ items }: { readonly items: readonly unknown[] }): boolean {
  return items.length === 0
}

function checkPattern(
  text: string,
  line: number,
  { isForEcr }: { readonly isForEcr: boolean },
  report: Report,
): void {
  const pattern = quoteText(text)
  const scheme = /^[a-z][a-z\d+.-]*:\/\//i.exec(text)?.[0]
  if (scheme !== undefined) {
    report.warn(
      line,
      `${pattern} has a scheme, and matches no image`,
      `write ${quoteText(text.slice(scheme.length))}`,
    )
  }
  try {
    const { hostParts, path } = parseSchemelessUrl(text)
    if (scheme !== undefined) return
    if (hostParts.join('') === '')
      report.warn(line, `${pattern} has no host, and matches no image`, 'write one')
    else if (/[*?[]/.test(text.slice(text.indexOf('/') + 1)) && text.includes('/'))
      report.warn(
        line,
        `${pattern} has a glob in its path, where it means itself`,
        `write the plain beginning of the path: ${quoteText(text.slice(0, text.search(/\/[^/]*[*?[]/)))}`,
      )
    else if (text.includes('?') || text.includes('#'))
      report.warn(line, `${pattern} is cut at its ${text.includes('?') ? '?' : '#'}`, 'write * for it')
    else if (isForEcr && isMeantForEcr(text) && path === '' && !matchesSomeRegistry(text))
      report.warn(
        line,
        `${pattern} matches no host of ECR: each * stands for one part between dots`,
        `write ${quoteText(findNearestPattern(text))}`,
      )
  } catch (error) {
    if (!(error instanceof SchemelessUrlError)) throw error
    const isGlobInPort = /:[^/]*[*?[]/.test(text)
    report.refuse(
      line,
      `${pattern} does not parse: ${isGlobInPort ? 'it has a glob in its port' : error.message}`,
      isGlobInPort ? 'write a pattern for each port' : 'write host, host:port or host/path',
    )
  }
}

/** The pattern of ECR that takes the fewest changes, of those under the same top-level domain where there are any. */
function findNearestPattern(text: string): string {
  const endOf = (host: string) => host.slice(host.lastIndexOf('.'))
  const alike = REGISTRY_PATTERNS.filter(({ pattern }) => endOf(pattern) === endOf(text))
  const candidates = alike.length > 0 ? alike : REGISTRY_PATTERNS
  const distances = candidates.map(({ pattern }) => ({
    pattern,
    distance: measureDistance(text, pattern),
  }))
  return distances.reduce((nearest, other) => (other.distance < nearest.distance ? other : nearest)).pattern
}

function isMeantForEcr(text: string): boolean {
  return /ecr|amazonaws|\.on\.aws/.test(text)
}

/** A pattern may name a region, an account or a mirror's host in place of a star; its parts are looked at by their number. */
function matchesSomeRegistry(text: string): boolean {
  const parts = text.split('/')[0]?.split(':')[0]?.split('.') ?? []
  if (!parts.some((part) => part.includes('*'))) return true
  return REGISTRY_PATTERNS.some(({ exampleHost }) => {
    const example = exampleHost.split('.')
    if (example.length !== parts.length) return false
    // The account and the region may be any.
    const candidate = example.map((part, index) =>
      /^\d+$|^[a-z]+(?:-[a-z]+)+-\d$/.test(part) ? (parts[index] ?? '').replaceAll('*', 'x') : part,
    )
    return matchesImage(parts.join('.'), candidate.join('.'))
  })
}

/** Whoever writes a star for the account and one for the region means all of ECR, and gets one partition. */
function findMissingPatterns(patterns: readonly string[]) {
  const isGeneral = patterns.some((pattern) => /^\*\.dkr[.-]ecr[^.]*\.\*\./.test(pattern))
  if (!isGeneral) return []
  return REGISTRY_PATTERNS.filter(
    ({ exampleHost }) => !patterns.some((pattern) => matchesImage(pattern, exampleHost)),
  )
}
