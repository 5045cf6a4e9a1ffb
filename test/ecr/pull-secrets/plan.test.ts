import t from 'tap'
import { digestContent } from '../../../src/ecr/pull-secrets/cluster-view.ts'
import { writeDockerConfig } from '../../../src/ecr/pull-secrets/docker-config.ts'
import { planWrites, type Situation } from '../../../src/ecr/pull-secrets/plan.ts'
import { parsePullRegistry } from '../../../src/ecr/pull-secrets/pull-registry.ts'
import type { AccountFacts } from '../../../src/ecr/pull-secrets/wanted.ts'

const DIGEST = digestContent('new')
const OURS = { resourceVersion: '7', isOurs: true, hasRightType: true, contentDigest: DIGEST }
const LIVE = { isLabelled: false, isEnding: false }
const account = (facts: Partial<AccountFacts> = {}): AccountFacts => ({
  ...{ namespace: 'shop', name: 'cart', resourceVersion: '3' },
  ...{ isLabelled: true, isMarked: false, pullSecrets: [] },
  ...facts,
})

function plan(facts: Partial<Situation>) {
  return planWrites({
    namespaces: new Map([['shop', LIVE]]),
    accounts: new Map(),
    secrets: new Map(),
    globs: [],
    secretName: 'pull',
    contentDigest: DIGEST,
    areAccountsPatched: true,
    ...facts,
  })
}

const labelled = new Map([['shop', { ...LIVE, isLabelled: true }]])
const create = { operation: 'create', namespace: 'shop' }

t.test('a namespace gets the Secret by its label, by one of its ServiceAccounts, or by name', async (t) => {
  t.strictSame(plan({}).writes, [])
  t.strictSame(plan({ namespaces: labelled }).writes, [create])
  t.strictSame(plan({ accounts: new Map([['shop/cart', account()]]) }).writes, [create])
  for (const glob of ['shop', 's*', '*', 's*p', '*hop'])
    t.strictSame(plan({ globs: [glob] }).writes, [create], glob)
  for (const glob of ['sho', 'shop*x', 'x*', 'hop']) t.strictSame(plan({ globs: [glob] }).writes, [], glob)
})

t.test('nothing is made in a namespace that is ending, or before there is a password', async (t) => {
  const ending = new Map([['shop', { isLabelled: true, isEnding: true }]])
  t.strictSame(plan({ namespaces: ending, globs: ['*'] }).writes, [])
  t.strictSame(plan({ namespaces: ending, secrets: new Map([['shop', OURS]]) }).writes, [])
  t.strictSame(plan({ namespaces: labelled, contentDigest: undefined }).writes, [])
  // What is there stays too: a failure empties nothing.
  const old = new Map([['shop', { ...OURS, contentDigest: 'old' }]])
  t.strictSame(plan({ namespaces: labelled, secrets: old, contentDigest: undefined }).writes, [])
})

t.test(
  'a Secret of ours is kept as it should be, and taken away where nobody wants it any more',
  async (t) => {
    const write = (facts: object, namespaces: Situation['namespaces'] = labelled) =>
      plan({ namespaces, secrets: new Map([['shop', { ...OURS, ...facts }]]) })
    t.match(write({}), { writes: [], currentCount: 1 })
    t.strictSame(write({ contentDigest: 'old' }).writes, [
      { operation: 'update', namespace: 'shop', resourceVersion: '7' },
    ])
    t.strictSame(write({ hasRightType: false }).writes, [
      { operation: 'delete', namespace: 'shop', resourceVersion: '7' },
    ])
    t.strictSame(write({}, new Map([['shop', LIVE]])).writes, [
      { operation: 'delete', namespace: 'shop', resourceVersion: '7' },
    ])
  },
)

t.test("somebody else's Secret of that name is never touched", async (t) => {
  const foreign = new Map([['shop', { ...OURS, isOurs: false, contentDigest: 'x' }]])
  t.match(plan({ namespaces: labelled, secrets: foreign }), { writes: [], foreign: ['shop'] })
  t.match(plan({ secrets: foreign }), { writes: [], foreign: [] })
  const accounts = new Map([['shop/cart', account()]])
  t.strictSame(plan({ namespaces: labelled, secrets: foreign, accounts }).writes, [])
})

t.test(
  'ServiceAccounts get it once it is there, beside what others put there, and lose it with the label',
  async (t) => {
    const secrets = new Map([['shop', OURS]])
    const patch = (facts: Partial<AccountFacts>, more: Partial<Situation> = {}) =>
      plan({
        namespaces: labelled,
        secrets,
        accounts: new Map([['shop/cart', account(facts)]]),
        ...more,
      }).writes.map((write) => write.operation === 'patch_account' && [write.pullSecrets, write.isMarked])
    t.strictSame(patch({}), [[['pull'], true]])
    t.strictSame(patch({ pullSecrets: ['own'] }), [[['own', 'pull'], true]])
    t.strictSame(patch({ pullSecrets: ['own', 'pull'] }), [])
    t.strictSame(patch({ isLabelled: false, isMarked: true, pullSecrets: ['own', 'pull'] }), [
      [['own'], false],
    ])
    t.strictSame(patch({ isLabelled: false, isMarked: false, pullSecrets: ['pull'] }), [])
    t.strictSame(patch({}, { areAccountsPatched: false }), [])
    t.strictSame(patch({}, { secrets: new Map() }), [false], 'its Secret first')
  },
)

t.test('one Secret has the passwords of all registries, in one order', async (t) => {
  const of = (password: string) => ({ username: 'AWS', password, expiresAt: undefined })
  const config = writeDockerConfig(
    new Map([
      ['public.ecr.aws', of('p')],
      ['111122223333.dkr.ecr.eu-central-1.amazonaws.com', of('q:r')],
    ]),
  )
  t.equal(
    config,
    '{"auths":{"111122223333.dkr.ecr.eu-central-1.amazonaws.com":{"username":"AWS","password":"q:r","auth":"QVdTOnE6cg=="},"public.ecr.aws":{"username":"AWS","password":"p","auth":"QVdTOnA="}}}',
  )
})

t.test('registries are those of ECR alone', async (t) => {
  t.match(parsePullRegistry('111122223333.dkr.ecr.eu-central-1.amazonaws.com'), {
    kind: 'private',
    place: { region: 'eu-central-1' },
    roleArn: undefined,
  })
  t.match(parsePullRegistry('public.ecr.aws=arn:aws:iam::111122223333:role/a/b'), {
    kind: 'public',
    place: { region: 'us-east-1' },
    roleArn: 'arn:aws:iam::111122223333:role/a/b',
  })
  for (const text of [
    '',
    'docker.io',
    '111122223333.dkr.ecr.eu-central-1.amazonaws.com/app',
    'https://public.ecr.aws',
    'public.ecr.aws=role',
    'public.ecr.aws=',
  ])
    t.throws(() => parsePullRegistry(text), { name: 'ProviderError' }, text)
})
