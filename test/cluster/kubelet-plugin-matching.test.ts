import fc from 'fast-check'
import t from 'tap'
import { matchesImage } from '../../src/ecr/registry/image-match.ts'
import { parseSchemelessUrl, SchemelessUrlError } from '../../src/ecr/registry/schemeless-url.ts'
import { useKubeletCode } from './support/kubelet-plugin.ts'

/** Pieces of names and patterns; those that url.Parse reads in a way of its own are among them. */
const PIECES = [
  ...[
    'a',
    'b',
    'io',
    '1',
    '-',
    '_',
    '.',
    '*',
    'a*',
    '*a',
    '*a*b*',
    ':5000',
    ':',
    ':*',
    '/',
    '/x',
    '/x/y',
    '/*',
  ],
  ...['111122223333.dkr.ecr.eu-west-1.amazonaws.com', '*.dkr.ecr.*.amazonaws.com', 'public.ecr.aws'],
  ...[
    '%41',
    '%2A',
    '%C3%A9',
    'é',
    '%zz',
    '?',
    '#',
    '@',
    'u:p@',
    '\\',
    '"',
    '^',
    ' ',
    '\t',
    'https://',
    '[',
    ']',
  ],
  ...['[::1]', '[fe80::1%25a-c]', '[::ffff:1.2.3.4]', '[1.2.3.4]'],
]
const text = fc
  .array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 5 })
  .map((pieces) => pieces.join(''))

/** An image that was made from the pattern, by something in place of each star, so that about a third of the pairs match. */
const matchingPair = fc
  .tuple(text, fc.constantFrom('', 'a', 'ab', '1'), fc.constantFrom('', '', '/x', ':5000', '.io'))
  .map(([pattern, star, end]) => ({ pattern, image: pattern.replaceAll('*', star) + end }))

const pair = fc.oneof(matchingPair, fc.record({ pattern: text, image: text }))

const KNOWN_PAIRS = [
  { pattern: '*.dkr.ecr.*.amazonaws.com', image: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1' },
  { pattern: '*.dkr.ecr.*.amazonaws.com', image: '111122223333.dkr.ecr.eu-west-1.amazonaws.com:443/app' },
  { pattern: '*.dkr.ecr.*.amazonaws.com:443', image: '111122223333.dkr.ecr.eu-west-1.amazonaws.com:443/app' },
  { pattern: '*.amazonaws.com', image: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/app' },
  { pattern: 'public.ecr.aws/team', image: 'public.ecr.aws/team-b/app' },
  { pattern: 'public.ecr.aws/*', image: 'public.ecr.aws/team/app' },
  { pattern: 'Public.ecr.aws', image: 'public.ecr.aws/app' },
  { pattern: '[::1]', image: '[::1]/app' },
  { pattern: '[::1]:5000', image: '[::1]:5000/app' },
]

t.test(
  'images match patterns as in the kubelet: 500 generated pairs, and those that people write',
  async (t) => {
    const kubelet = await useKubeletCode(t)
    if (kubelet === undefined) return
    const pairs = [...KNOWN_PAIRS, ...fc.sample(pair, 500)]
    const { answer } = await kubelet.match(pairs)
    t.equal(answer.length, pairs.length)
    const differences = pairs.filter(
      ({ pattern, image }, index) => matchesImage(pattern, image) !== answer[index]?.matches,
    )
    t.strictSame(differences, [])
    const matchCount = answer.filter(({ matches }) => matches).length
    t.ok(matchCount >= 50 && matchCount <= 450, `${matchCount} of ${pairs.length} pairs match`)
  },
)

t.test('what does not parse is what the kubelet cannot parse', async (t) => {
  const kubelet = await useKubeletCode(t)
  if (kubelet === undefined) return
  const patterns = fc.sample(text, 500)
  const { answer } = await kubelet.match(patterns.map((pattern) => ({ pattern, image: pattern })))
  const isBroken = (pattern: string) => {
    try {
      parseSchemelessUrl(pattern)
      return false
    } catch (error) {
      if (error instanceof SchemelessUrlError) return true
      throw error
    }
  }
  // A broken glob parses as a URL.
  const isRefused = (error = '') => error !== '' && !error.startsWith('syntax error in pattern')
  const differences = patterns.filter(
    (pattern, index) => isBroken(pattern) !== isRefused(answer[index]?.error),
  )
  t.strictSame(differences, [])
})
