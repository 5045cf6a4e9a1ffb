import t from 'tap'
import { findCircles, findRoomViolations, listImports } from '../../scripts/check-rooms.ts'

const CASES: readonly { path: string; source: string; violations: readonly RegExp[] }[] = [
  { path: 'bin/x.ts', source: "import { a } from '../cli/a.ts'", violations: [] },
  {
    path: 'bin/x.ts',
    source: "import { a } from '../webhook/a.ts'",
    violations: [/bin may not import from webhook/],
  },
  { path: 'webhook/serve.ts', source: "import { a } from '../telemetry/a.ts'", violations: [] },
  {
    path: 'webhook/serve.ts',
    source: "import type { A } from '../cli/a.ts'",
    violations: [/webhook may not import from cli/],
  },
  { path: 'oidc/a.ts', source: "await import('../ecr/a.ts')", violations: [/oidc may not import from ecr/] },
  {
    path: 'kubernetes/a.ts',
    source: "export { a } from '../webhook/a.ts'",
    violations: [/kubernetes may not/],
  },
  {
    path: 'cli/program.ts',
    source: "import x from '../../package.json' with { type: 'json' }",
    violations: [],
  },
  { path: 'webhook/identity/a.ts', source: "import { b } from '../injection/b.ts'", violations: [] },
  { path: 'webhook/identity/a.ts', source: "import { b } from './b.ts'", violations: [] },
  {
    path: 'webhook/identity/a.ts',
    source: "import fs from 'node:fs'",
    violations: [/is pure and imports node:fs/],
  },
  { path: 'webhook/identity/a.ts', source: "import { pino } from 'pino'", violations: [/imports pino/] },
  { path: 'webhook/injection/a.ts', source: "import { c } from '../accounts/c.ts'", violations: [/is pure/] },
  { path: 'webhook/injection/a.ts', source: 'const x = Math.random()', violations: [/uses Math.random/] },
  { path: 'webhook/injection/a.ts', source: '/** Not Math.random. */', violations: [] },
  { path: 'utils/a.ts', source: '', violations: [/there is no room src\/utils/] },
]

for (const { path, source, violations } of CASES) {
  t.test(`${path}: ${source}`, async (t) => {
    const found = findRoomViolations(path, source)
    t.equal(found.length, violations.length)
    for (const [index, pattern] of violations.entries()) t.match(found[index], pattern)
  })
}

t.test('circles of imports are named, each once, types and modules on demand included', async (t) => {
  const sources: Readonly<Record<string, string>> = {
    'aws/a.ts': "import type { B } from './b.ts'\nimport fs from 'node:fs'",
    'aws/b.ts': "const { c } = await import('./c.ts')",
    'aws/c.ts': "export { a } from './a.ts'",
    'aws/d.ts': "import { a } from './a.ts'",
    'aws/e.ts': "import { e } from './e.ts'",
  }
  const graph = new Map(Object.entries(sources).map(([path, source]) => [path, listImports(path, source)]))
  t.strictSame(findCircles(graph), [
    'src/aws/a.ts: imports itself by way of src/aws/b.ts, src/aws/c.ts',
    'src/aws/e.ts: imports itself by way of ',
  ])
  t.strictSame(findCircles(new Map([['a.ts', ['b.ts']]])), [])
})
