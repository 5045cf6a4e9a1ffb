import t from 'tap'
import { parseSkipContainers } from '../../../src/webhook/injection/skip-containers.ts'

const CASES: readonly { text: string; names: readonly string[] | undefined }[] = [
  { text: '', names: [] },
  { text: 'app', names: ['app'] },
  { text: 'app,proxy', names: ['app', 'proxy'] },
  { text: ' app , proxy ', names: ['app', 'proxy'] },
  { text: 'app,,proxy,', names: ['app', 'proxy'] },
  { text: '"app","proxy"', names: ['app', 'proxy'] },
  { text: ' "app" , proxy', names: ['app', 'proxy'] },
  { text: '"a,b",c', names: ['a,b', 'c'] },
  { text: '"a""b"', names: ['a"b'] },
  { text: 'app,app', names: ['app'] },
  { text: 'app\nproxy', names: ['app'] },
  { text: 'app\r\n', names: ['app'] },
  { text: '\napp', names: ['app'] },
  { text: '"app', names: undefined },
  { text: 'a"b', names: undefined },
  { text: '"app"x', names: undefined },
]

for (const { text, names } of CASES) {
  t.test(`skip-containers ${JSON.stringify(text)}`, async (t) => {
    const parsed = parseSkipContainers(text)
    t.strictSame(parsed && [...parsed], names)
  })
}
