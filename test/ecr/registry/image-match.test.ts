import t from 'tap'
import { matchesGlob } from '../../../src/ecr/registry/glob.ts'
import { findMatches, matchesImage } from '../../../src/ecr/registry/image-match.ts'
import { readRegistry } from '../../../src/ecr/registry/registry.ts'
import { REGISTRY_PATTERNS } from '../../../src/ecr/registry/registry-patterns.ts'

const HOST = '111122223333.dkr.ecr.eu-west-1.amazonaws.com'

const PAIRS: readonly (readonly [pattern: string, image: string, isMatch: boolean, because: string])[] = [
  ['*.dkr.ecr.*.amazonaws.com', `${HOST}/app:1`, true, 'a star is one part'],
  ['*.amazonaws.com', `${HOST}/app`, false, 'a star is not several parts'],
  ['1111*.dkr.ecr.eu-*.amazonaws.com', `${HOST}/app`, true, 'a star may be some of a part'],
  ['*.dkr.ecr.*.amazonaws.com', `${HOST}:443/app`, false, 'a port must be in both'],
  ['*.dkr.ecr.*.amazonaws.com:443', `${HOST}:443/app`, true, 'and be the same'],
  ['registry.test:*', 'registry.test:443/app', false, 'a port has no glob'],
  ['public.ecr.aws/team', 'public.ecr.aws/team-b/app', true, 'a path is a plain beginning'],
  ['public.ecr.aws/team/*', 'public.ecr.aws/team/app', false, 'a path has no glob'],
  ['Public.ecr.aws', 'public.ecr.aws/app', false, 'case counts'],
  ['[::1]:5000', '[::1]:5000/app', true, 'an IPv6 address with a port loses its brackets'],
  ['[::1]', '[::1]/app', false, 'without one they are a glob'],
  ['https://public.ecr.aws', 'public.ecr.aws/app', false, 'a scheme is no host'],
  ['', 'public.ecr.aws/app', false, 'nothing matches nothing'],
]

for (const [pattern, image, isMatch, because] of PAIRS) {
  t.test(`${pattern} and ${image}: ${because}`, async (t) => t.equal(matchesImage(pattern, image), isMatch))
}

t.test('several patterns are tried in reverse order of their bytes', async (t) => {
  const patterns = ['*.test', 'a.test', 'a.test/x', 'b.test', 'a.test/x/y']
  t.strictSame(findMatches(patterns, 'a.test/x/y/z'), ['a.test/x/y', 'a.test/x', 'a.test', '*.test'])
})

const GLOBS: readonly (readonly [pattern: string, name: string, isMatch: boolean])[] = [
  ['*', '', true],
  ['*', 'a', true],
  ['*', 'a/b', false],
  ['a*b*c', 'aXbXbYc', true],
  ['a*b*c', 'aXbXbY', false],
  ['?', 'a', true],
  ['?', '/', false],
  ['?', '', false],
  ['[a-c]x', 'bx', true],
  ['[^a-c]x', 'bx', false],
  ['[\\]]', ']', true],
  ['[]a]', ']', false],
  ['[-a]', '-', false],
  ['[a', 'a', false],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['a\\', 'a', false],
]

t.test("globs are those of Go's filepath.Match", async (t) => {
  for (const [pattern, name, isMatch] of GLOBS)
    t.equal(matchesGlob(pattern, name), isMatch, `${pattern} ${name}`)
})

t.test('a glob of many stars is quick', async (t) => {
  t.equal(matchesGlob('*a'.repeat(200), 'b'.repeat(20_000)), false)
})

t.test('every pattern of ECR matches a host that the plugin knows', async (t) => {
  for (const { pattern, exampleHost } of REGISTRY_PATTERNS) {
    t.ok(matchesImage(pattern, `${exampleHost}/app`), pattern)
    t.not(readRegistry(`${exampleHost}/app`).kind, 'mirror', exampleHost)
  }
})
