import t from 'tap'
import type { Finding, FindingCode } from '../../src/audit/findings.ts'
import { watchFindings } from '../../src/audit/watch.ts'
import { UnreadError } from '../../src/doctor/cluster-reader.ts'

function finding(code: FindingCode, name: string, podCount = 1): Finding {
  return {
    ...{ code, name, podCount },
    namespace: 'shop',
    kind: 'Deployment',
    serviceAccount: 'a',
    role: '',
    detail: '',
    pods: [],
  }
}

/** Watches through audits that find this, one after the other, or fail. */
async function watch(first: readonly Finding[], audits: readonly (readonly Finding[] | Error)[]) {
  const stop = new AbortController()
  const lines: string[] = []
  const unread: string[] = []
  const waiting = [...audits]
  const left = await watchFindings(first, {
    async audit() {
      const next = waiting.shift()
      if (next instanceof Error) throw next
      return { findings: next ?? [], podCount: 1, accountCount: 1, gaps: [], isCut: false }
    },
    wait: async () => {
      if (waiting.length === 0) stop.abort()
    },
    tell: (line) => lines.push(line),
    tellUnread: (line) => unread.push(line),
    signal: stop.signal,
  })
  return { lines, unread, left }
}

t.test('what is new and what is gone is told, each once', async (t) => {
  const cart = finding('missed', 'cart')
  const till = finding('stale_role', 'till')
  const { lines, left } = await watch([cart], [[cart], [cart, till], [till], [till]])
  t.equal(lines.length, 2)
  t.match(lines[0], /^\+ stale_role +shop +Deployment\/till/)
  t.match(lines[1], /^- missed +shop +Deployment\/cart/)
  t.strictSame(left, [till])
})

t.test('another number of pods of one owner is no news', async (t) => {
  t.strictSame((await watch([finding('missed', 'cart', 3)], [[finding('missed', 'cart', 2)]])).lines, [])
})

t.test('a time when the cluster cannot be read changes nothing; other errors end it', async (t) => {
  const cart = finding('missed', 'cart')
  const away = new UnreadError('the API server is away', '')
  t.match(await watch([cart], [away, [cart]]), { lines: [], unread: ['the API server is away'] })
  await t.rejects(watch([cart], [new TypeError('a mistake')]), TypeError)
})
