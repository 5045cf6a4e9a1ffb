import t from 'tap'
import { findUnpinned } from '../../scripts/check-workflows.ts'

const DIGEST = '11bd71901bbe5b1630ceea73d27597364c9af683'

t.test('an action is pinned by digest and version, or by its major version', async (t) => {
  const text = `steps:\n  - uses: actions/checkout@${DIGEST} # v4.2.2\n  - uses: actions/setup-node@v4\n    uses: a/b@v10\n`
  t.strictSame(findUnpinned('ci.yml', text), [])
})

t.test('what may become another overnight is named with its line', async (t) => {
  for (const uses of [
    'a/b',
    'a/b@main',
    'a/b@v4.2',
    `a/b@${DIGEST}`,
    `a/b@${DIGEST.slice(1)} # v1.2.3`,
    'docker://c:latest',
  ]) {
    t.strictSame(findUnpinned('ci.yml', `jobs:\n      - uses: ${uses}`), [
      `ci.yml:2: ${uses} is pinned neither by digest and version nor by major version`,
    ])
  }
})
