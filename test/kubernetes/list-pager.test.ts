import t from 'tap'
import type { ApiList } from '../../src/kubernetes/api-object.ts'
import { readPages } from '../../src/kubernetes/list-pager.ts'

function writeHead(continueToken: string): string {
  return `{"kind":"List","metadata":{"resourceVersion":"1","continue":"${continueToken}"},"items":[`
}

async function collect(pages: AsyncIterable<ApiList>): Promise<ApiList[]> {
  const collected: ApiList[] = []
  for await (const page of pages) collected.push(page)
  return collected
}

t.test('gives the pages in order and ends with the one that has no continue token', async (t) => {
  const list: Record<string, ApiList> = {
    '': { metadata: { continue: 'b' } },
    b: { metadata: { continue: 'c' } },
    c: { metadata: { continue: '' } },
  }
  const pages = await collect(readPages((token = '') => Promise.resolve(list[token] ?? {})))
  t.strictSame(pages, Object.values(list))
})

t.test(
  'asks for a page as soon as the one before tells its token, and for no more than one ahead',
  async (t) => {
    const asked: (string | undefined)[] = []
    const complete: ((page: ApiList) => void)[] = []
    const pages = readPages((token, onHead) => {
      asked.push(token)
      onHead(writeHead(`token-${asked.length}`))
      return new Promise((resolve) => complete.push(resolve))
    })
    const first = pages.next()
    await new Promise(setImmediate)
    t.strictSame(asked, [undefined, 'token-1'])
    complete[0]?.({ items: [] })
    await first
    t.strictSame(asked, [undefined, 'token-1'])
    void pages.next()
    await new Promise(setImmediate)
    t.strictSame(asked, [undefined, 'token-1', 'token-2'])
  },
)

t.test('takes no token from within an item', async (t) => {
  const head = '{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"annotations":{"continue":"trap"}}}'
  const asked: (string | undefined)[] = []
  const pages = readPages((token, onHead) => {
    asked.push(token)
    onHead(head)
    return Promise.resolve({ metadata: {} })
  })
  t.equal((await collect(pages)).length, 1)
  t.strictSame(asked, [undefined])
})

t.test('a page that cannot be had ends the list with its error, whoever waits for it', async (t) => {
  const error = new Error('gone')
  const pages = () =>
    readPages((token, onHead) => {
      if (token !== undefined) return Promise.reject(error)
      onHead(writeHead('next'))
      return Promise.resolve({})
    })
  await t.rejects(collect(pages()), error)
  for await (const page of pages()) {
    t.strictSame(page, {})
    break
  }
})
