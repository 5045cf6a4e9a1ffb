import t from 'tap'
import { findBrokenLinks, listAnchors } from '../../scripts/check-links.ts'

t.test('links that lead nowhere are named with page and line', async (t) => {
  const pages = new Map([
    [
      'docs/a.md',
      '# A\n[b](b.md), [here](#a), [file](../Makefile)\n[x](absent.md) and [y](b.md#absent)\n```\n[code](absent.md)\n```\n[z](#b) [web](https://example.com/#x)\n![p](p.svg)\n',
    ],
    ['docs/b.md', '# B, `c` & "d"\n## B\n## B\n'],
  ])
  const broken = findBrokenLinks({ pages, hasFile: (path) => path === 'Makefile' })
  t.strictSame(broken, [
    'docs/a.md:3: there is no docs/absent.md',
    'docs/a.md:3: docs/b.md has no heading #absent',
    'docs/a.md:7: docs/a.md has no heading #b',
    'docs/a.md:8: there is no docs/p.svg',
  ])
})

t.test('anchors are those that GitHub makes', async (t) => {
  const text =
    '# What hurts: `--flag_a`, "x" & [a link](b.md)\n## Twice\n## Twice\n```\n# code\n```\n### Größe ä\n'
  t.strictSame([...listAnchors(text)], ['what-hurts---flag_a-x--a-link', 'twice', 'twice-1', 'größe-ä'])
})
