import fc from 'fast-check'
import t from 'tap'
import type { ApiObject } from '../../../../src/kubernetes/api-object.ts'
import { AccountStore } from '../../../../src/webhook/accounts/api-server/account-store.ts'
import { NO_ANNOTATIONS } from '../../../../src/webhook/identity/account.ts'

function account(name: string, resourceVersion: number, role?: string): ApiObject {
  const annotations = role === undefined ? {} : { 'eks.amazonaws.com/role-arn': role }
  return { metadata: { namespace: 'shop', name, resourceVersion: String(resourceVersion), annotations } }
}

function prepare(listed: readonly ApiObject[] = [], resourceVersion = 10) {
  const clock = { ms: 0 }
  const store = new AccountStore({ prefix: 'eks.amazonaws.com', nowMs: () => clock.ms })
  const list = (objects: readonly ApiObject[], version: number) => {
    const replacement = store.beginReplacement()
    replacement.add(objects)
    replacement.commit(String(version))
  }
  const tell = (object: ApiObject) => {
    store.upsert(object)
    store.advance(object.metadata.resourceVersion)
  }
  const roleOf = (name: string, isCurrent = true) => {
    const found = store.find('shop', name, isCurrent)
    return typeof found === 'object' ? found.role : found
  }
  list(listed, resourceVersion)
  return { clock, store, list, tell, roleOf }
}

t.test('is listed once a list is complete, and not before', async (t) => {
  const store = new AccountStore({ prefix: 'eks.amazonaws.com', nowMs: () => 0 })
  const replacement = store.beginReplacement()
  replacement.add([account('cart', 1)])
  t.equal(store.isListed, false)
  t.equal(store.find('shop', 'cart', true), undefined)
  replacement.commit('1')
  t.equal(store.isListed, true)
  t.equal(store.find('shop', 'cart', true), NO_ANNOTATIONS)
})

t.test('nothing that was listed is believed while the watch is away, but it is remembered', async (t) => {
  const { store, roleOf } = prepare([account('cart', 1, 'cart-role')])
  t.equal(roleOf('cart', true), 'cart-role')
  t.equal(roleOf('cart', false), undefined)
  t.equal(store.findStale('shop', 'cart')?.role, 'cart-role')
  t.equal(store.findStale('shop', 'other'), undefined)
})

t.test('what a GET brought is believed until the watch has told as much', async (t) => {
  const { store, tell, roleOf } = prepare([account('cart', 1, 'old')])
  store.noteFetched(account('cart', 20, 'fetched'), true)
  t.equal(roleOf('cart'), 'fetched')
  tell(account('cart', 15, 'between'))
  t.equal(roleOf('cart'), 'fetched', 'an earlier change does not undo it')
  tell(account('cart', 21, 'later'))
  t.equal(roleOf('cart'), 'later')
})

t.test('what a GET brought is forgotten once a bookmark or a list passes it', async (t) => {
  for (const pass of ['bookmark', 'list'] as const) {
    const { store, list, roleOf } = prepare()
    store.noteFetched(account('cart', 20, 'fetched'), true)
    if (pass === 'bookmark') store.advance('20')
    else list([], 20)
    t.equal(roleOf('cart'), undefined, pass)
  }
})

t.test('an answer that comes after the watch’s later word changes nothing', async (t) => {
  const { store, tell, roleOf } = prepare()
  tell(account('cart', 20, 'told'))
  t.equal(store.noteFetched(account('cart', 15, 'fetched'), true).role, 'fetched')
  t.equal(roleOf('cart'), 'told')
})

t.test('of two answers the later resourceVersion counts, whichever came first', async (t) => {
  const { store, roleOf } = prepare()
  store.noteFetched(account('cart', 21, 'later'), true)
  store.noteFetched(account('cart', 20, 'earlier'), true)
  t.equal(roleOf('cart'), 'later')
})

t.test('while the watch is away an answer is believed for a second', async (t) => {
  const { store, clock, roleOf } = prepare([account('cart', 1, 'old')])
  store.noteFetched(account('cart', 5, 'fetched'), false)
  clock.ms = 999
  t.equal(roleOf('cart', false), 'fetched')
  clock.ms = 1000
  t.equal(roleOf('cart', false), undefined)
  t.equal(store.findStale('shop', 'cart')?.role, 'fetched')
})

t.test('“not found” is believed for a second, and no longer than the watch allows', async (t) => {
  const { store, clock, tell, roleOf } = prepare()
  store.noteAbsent('shop', 'cart')
  t.equal(roleOf('cart'), 'absent')
  clock.ms = 999
  t.equal(roleOf('cart'), 'absent')
  tell(account('cart', 11, 'created'))
  t.equal(roleOf('cart'), 'created')
  store.noteAbsent('shop', 'other')
  clock.ms = 1999
  t.equal(roleOf('other'), undefined)
})

t.test('counts ServiceAccounts with and without annotations of ours', async (t) => {
  const { store, tell, list } = prepare([account('one', 1), account('two', 2, 'role')])
  const counts = () => [store.table.size, store.table.annotatedSize]
  t.strictSame(counts(), [2, 1])
  tell(account('one', 11, 'role'))
  tell(account('three', 12))
  t.strictSame(counts(), [3, 2])
  store.remove(account('two', 13))
  store.remove(account('never-there', 14))
  t.strictSame(counts(), [2, 1])
  list([], 15)
  t.strictSame(counts(), [0, 0])
})

t.test('after any changes the counts are those of the names', async () => {
  const change = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    kind: fc.constantFrom('plain', 'role', 'remove'),
  })
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const { store } = prepare()
      const model = new Map<string, boolean>()
      for (const { name, kind } of changes) {
        if (kind === 'remove') {
          store.remove(account(name, 11))
          model.delete(name)
        } else {
          store.upsert(account(name, 11, kind === 'role' ? 'role' : undefined))
          model.set(name, kind === 'role')
        }
      }
      const annotated = [...model].filter(([, isAnnotated]) => isAnnotated).length
      return store.table.size === model.size && store.table.annotatedSize === annotated
    }),
  )
})
