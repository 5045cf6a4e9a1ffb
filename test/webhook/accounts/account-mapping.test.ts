import fc from 'fast-check'
import t from 'tap'
import {
  AccountMappings,
  NO_MAPPINGS,
  parseAccountMappings,
} from '../../../src/webhook/accounts/account-mapping.ts'
import { ConfigTextError } from '../../../src/webhook/accounts/config-text.ts'
import type { AccountMapping } from '../../../src/webhook/identity/account.ts'

const ROLE = 'arn:aws:iam::111122223333:role/cart'
const DEFAULTS = {
  role: ROLE,
  audience: undefined,
  isRegionalSts: undefined,
  tokenExpirationSeconds: undefined,
}

function mappingFor(role: string): AccountMapping {
  return { ...DEFAULTS, role }
}

t.test('members of an entry', async (t) => {
  const table: readonly (readonly [name: string, entry: unknown, expected: AccountMapping])[] = [
    ['a role alone takes the defaults', { RoleARN: ROLE }, DEFAULTS],
    [
      'all of them',
      { RoleARN: ROLE, Audience: 'a', UseRegionalSTS: true, TokenExpiration: 7200 },
      { role: ROLE, audience: 'a', isRegionalSts: true, tokenExpirationSeconds: 7200 },
    ],
    ['an empty audience and no expiry', { RoleARN: ROLE, Audience: '', TokenExpiration: 0 }, DEFAULTS],
    [
      'null counts as absent',
      { RoleARN: ROLE, Audience: null, UseRegionalSTS: null, TokenExpiration: null },
      DEFAULTS,
    ],
    [
      'false is said, not left out',
      { RoleARN: ROLE, UseRegionalSTS: false },
      { ...DEFAULTS, isRegionalSts: false },
    ],
    [
      'an expiry under 600 is raised',
      { RoleARN: ROLE, TokenExpiration: 60 },
      { ...DEFAULTS, tokenExpirationSeconds: 600 },
    ],
    [
      'a negative expiry is raised',
      { RoleARN: ROLE, TokenExpiration: -1 },
      { ...DEFAULTS, tokenExpirationSeconds: 600 },
    ],
    [
      'names in any case',
      { roleArn: ROLE, AUDIENCE: 'a', useregionalsts: true },
      { ...DEFAULTS, audience: 'a', isRegionalSts: true },
    ],
    ['the last of two names', { RoleARN: 'first', rolearn: ROLE }, DEFAULTS],
    ['no role', {}, { ...DEFAULTS, role: '' }],
    ['unknown members', { RoleARN: ROLE, Region: 'eu-west-1' }, DEFAULTS],
  ]
  for (const [name, entry, expected] of table) {
    const { content: mappings, problems } = parseAccountMappings(JSON.stringify({ 'shop/cart': entry }))
    t.strictSame(mappings.find('shop', 'cart'), expected, name)
    t.strictSame(problems, [], name)
  }
})

t.test('a bad entry is named and left out, the good ones load', async (t) => {
  const table: readonly (readonly [key: string, entry: unknown, problem: RegExp])[] = [
    ['cart', { RoleARN: ROLE }, /^"cart" is not of the form namespace\/serviceaccount$/],
    ['a/b/c', { RoleARN: ROLE }, /^"a\/b\/c" is not of the form/],
    ['/cart', { RoleARN: ROLE }, /is not of the form/],
    ['shop/', { RoleARN: ROLE }, /is not of the form/],
    ['two\nlines', { RoleARN: ROLE }, /^a text of several lines, 9 characters is not of the form/],
    ['shop/c*', { RoleARN: ROLE }, /"shop\/c\*" has a \* in the name of the ServiceAccount/],
    ['shop/x', null, /"shop\/x" is null, not an object/],
    ['shop/x', ROLE, /"shop\/x" is a string, not an object/],
    ['shop/x', [], /"shop\/x" is a list, not an object/],
    ['shop/x', { RoleARN: 1 }, /"shop\/x" has a RoleARN that is a number, not a string/],
    ['shop/x', { RoleARN: ROLE, Audience: ['a'] }, /Audience that is a list, not a string/],
    [
      'shop/x',
      { RoleARN: ROLE, UseRegionalSTS: 'true' },
      /UseRegionalSTS that is a string, not true or false/,
    ],
    [
      'shop/x',
      { RoleARN: ROLE, TokenExpiration: '3600' },
      /TokenExpiration that is a string, not a whole number/,
    ],
    [
      'shop/x',
      { RoleARN: ROLE, TokenExpiration: 0.5 },
      /TokenExpiration that is the number 0.5, not a whole/,
    ],
  ]
  for (const [key, entry, problem] of table) {
    const { content: mappings, problems } = parseAccountMappings(
      JSON.stringify({ [key]: entry, 'shop/good': { RoleARN: ROLE } }),
    )
    t.equal(problems.length, 1, `${key} ${JSON.stringify(entry)}`)
    t.match(problems[0], problem)
    t.equal(mappings.size, 1)
    t.strictSame(mappings.find('shop', 'good'), DEFAULTS)
  }
})

t.test('a config of which nothing can be used is one error of one line', async (t) => {
  for (const text of ['{', 'role: x', '{"shop/cart":\n{"RoleARN":\n"x" "y"}}', '[]', '"x"', '1', 'true']) {
    t.throws(() => parseAccountMappings(text), ConfigTextError, text)
    t.throws(() => parseAccountMappings(text), { message: /^is [^\n]+$/ }, text)
  }
})

t.test('an empty config holds no mappings', async (t) => {
  for (const text of ['', ' \n', 'null', '{}']) t.equal(parseAccountMappings(text).content, NO_MAPPINGS, text)
})

t.test('names from the prototype of objects are ordinary keys', async (t) => {
  const text = `{"__proto__/cart":{"RoleARN":"p"},"shop/constructor":{"RoleARN":"c"},"shop/x":{"__proto__":{"RoleARN":"no"}}}`
  const { content: mappings } = parseAccountMappings(text)
  t.equal(mappings.find('__proto__', 'cart')?.role, 'p')
  t.equal(mappings.find('shop', 'constructor')?.role, 'c')
  t.equal(mappings.find('shop', 'x')?.role, '')
  t.equal(mappings.find('shop', 'toString'), undefined)
  t.equal(({} as { RoleARN?: string }).RoleARN, undefined)
})

t.test('an exact key wins over a glob, a longer glob over a shorter one', async (t) => {
  const keys = ['*/cart', 'test-*/cart', 'test-*-eu/cart', 'test-1/cart', '*-eu/cart', 'b*/cart', '*a/cart']
  const table: readonly (readonly [namespace: string, key: string | undefined])[] = [
    ['test-1', 'test-1/cart'],
    ['test-2', 'test-*/cart'],
    ['test-2-eu', 'test-*-eu/cart'],
    ['test-', 'test-*/cart'],
    ['prod-eu', '*-eu/cart'],
    ['prod', '*/cart'],
    ['ba', '*a/cart'],
    ['bb', 'b*/cart'],
    // The two literal parts must not share a character.
    ['test-eu', 'test-*/cart'],
  ]
  for (const order of [keys, keys.toReversed()]) {
    const { content: mappings } = parseAccountMappings(
      JSON.stringify(Object.fromEntries(order.map((key) => [key, { RoleARN: key }]))),
    )
    for (const [namespace, key] of table) t.equal(mappings.find(namespace, 'cart')?.role, key, namespace)
    t.equal(mappings.find('test-1', 'other'), undefined)
  }
})

t.test('globs match as the regular expression that they abbreviate', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 8 })
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '-', '*', '*'), minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(text, pattern, (namespace, glob) => {
      const mappings = new AccountMappings(new Map([[`${glob}/cart`, mappingFor('r')]]))
      const expression = new RegExp(`^${glob.replaceAll('*', '.*')}$`)
      return (mappings.find(namespace, 'cart') !== undefined) === expression.test(namespace)
    }),
    { numRuns: 500 },
  )
})

t.test('a glob of many stars is matched in no time', async (t) => {
  const mappings = new AccountMappings(new Map([[`${'*a'.repeat(2000)}b/cart`, mappingFor('r')]]))
  t.equal(mappings.find('a'.repeat(4000), 'cart'), undefined)
})

t.test('entries are listed as they were written', async (t) => {
  const { content: mappings } = parseAccountMappings(
    '{"b/x":{"RoleARN":"1"},"*/x":{"RoleARN":"2"},"a/x":{"RoleARN":"3"}}',
  )
  t.strictSame(
    [...mappings].map(([key, { role }]) => `${key}=${role}`),
    ['b/x=1', '*/x=2', 'a/x=3'],
  )
})
