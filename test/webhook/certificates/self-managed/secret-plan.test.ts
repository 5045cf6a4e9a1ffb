import fc from 'fast-check'
import t from 'tap'
import type { AuthorityCertificate } from '../../../../src/webhook/certificates/self-managed/authority-certificate.ts'
import type {
  CertificateSecret,
  StoredAuthority,
} from '../../../../src/webhook/certificates/self-managed/certificate-secret.ts'
import { CLOCK_SKEW_MS } from '../../../../src/webhook/certificates/self-managed/lifetimes.ts'
import {
  planSecret,
  type ReplicaView,
} from '../../../../src/webhook/certificates/self-managed/secret-plan.ts'
import { carryOut, fabricateAuthority, readBack } from '../../../support/fabricated-authority.ts'

const LIFETIMES = { authorityMs: 9_000, leafMs: 1_000, overlapMs: 100 }
/** A leaf's life, a tenth of it, and the overlap. */
const RETENTION_MS = 1_200
const NOW_MS = 10 * CLOCK_SKEW_MS

const YOUNG = fabricateAuthority('young', NOW_MS + 8_000)
const OLD = fabricateAuthority('old', NOW_MS + 3_000)
const LONG = fabricateAuthority('long', NOW_MS + 90_000)
const SHORT = fabricateAuthority('short', NOW_MS + 100, NOW_MS - 100)
const FORMER = fabricateAuthority('former', NOW_MS + 1_000)
const EXPIRED = fabricateAuthority('expired', NOW_MS - CLOCK_SKEW_MS)
const JUST_EXPIRED = fabricateAuthority('just expired', NOW_MS)

const BROKEN: StoredAuthority = { state: 'unusable', problem: 'its key does not belong to its certificate' }
const EMPTY: StoredAuthority = { state: 'empty' }
const NOTHING: CertificateSecret = { current: EMPTY, next: EMPTY, bundle: [], signingSinceMs: undefined }

function usable(authority: typeof YOUNG): StoredAuthority {
  return { state: 'usable', authority }
}

function signing(
  authority: typeof YOUNG,
  others: readonly AuthorityCertificate[] = [],
  sinceMs = NOW_MS - 10_000,
): CertificateSecret {
  return { ...NOTHING, current: usable(authority), bundle: [authority, ...others], signingSinceMs: sinceMs }
}

const CASES: readonly {
  readonly name: string
  readonly secret: CertificateSecret
  readonly view?: Partial<ReplicaView>
  /** Change, current, next, others; undefined where the Secret is as it should be. */
  readonly plan: readonly [string, string, string | undefined, string] | undefined
}[] = [
  { name: 'an empty Secret', secret: NOTHING, plan: ['created', 'new', undefined, ''] },
  {
    name: 'an empty Secret, while we serve',
    secret: NOTHING,
    view: { served: FORMER },
    plan: ['replaced', 'new', undefined, 'former'],
  },
  {
    name: 'an empty Secret, and we serve with what expired',
    secret: NOTHING,
    view: { served: EXPIRED },
    plan: ['replaced', 'new', undefined, ''],
  },
  {
    name: 'an empty Secret, while others serve with what the caBundle trusts',
    secret: NOTHING,
    view: { trusted: [FORMER, EXPIRED] },
    plan: ['created', 'new', undefined, 'former'],
  },
  {
    name: 'a caBundle that trusts somebody else too',
    secret: signing(YOUNG),
    view: { trusted: [YOUNG, FORMER] },
    plan: undefined,
  },
  {
    name: 'a broken authority',
    secret: { ...NOTHING, current: BROKEN, bundle: [FORMER, EXPIRED] },
    plan: ['replaced', 'new', undefined, 'former'],
  },
  {
    name: 'a broken authority with a good successor',
    secret: { ...NOTHING, current: BROKEN, next: usable(YOUNG), bundle: [FORMER, YOUNG] },
    plan: ['replaced', 'young', undefined, 'former'],
  },
  { name: 'a young authority', secret: signing(YOUNG), plan: undefined },
  {
    name: 'a young authority that we serve with',
    secret: signing(YOUNG),
    view: { served: YOUNG },
    plan: undefined,
  },
  {
    name: 'an authority at two thirds of its life',
    secret: signing(OLD),
    plan: ['introduced', 'old', 'new', ''],
  },
  { name: 'an authority that lives longer than ours', secret: signing(LONG), plan: undefined },
  {
    name: 'an authority that lives shorter, past two thirds of its own life',
    secret: signing(SHORT),
    view: { nowMs: NOW_MS + 40 },
    plan: ['introduced', 'short', 'new', ''],
  },
  {
    name: 'the same, before two thirds',
    secret: signing(SHORT),
    view: { nowMs: NOW_MS + 30 },
    plan: undefined,
  },
  {
    name: 'an authority of which it is not said since when it signs',
    secret: { ...signing(YOUNG), signingSinceMs: undefined },
    view: { served: FORMER },
    plan: ['adopted', 'young', undefined, 'former'],
  },
  {
    name: 'a next authority that is not trusted for long enough',
    secret: { ...signing(OLD, [YOUNG]), next: usable(YOUNG) },
    view: { heldMs: ({ fingerprint }) => (fingerprint === 'young' ? 99 : 5_000) },
    plan: undefined,
  },
  {
    name: 'a next authority, while the present one is not trusted for long enough',
    secret: { ...signing(OLD, [YOUNG]), next: usable(YOUNG) },
    view: { heldMs: ({ fingerprint }) => (fingerprint === 'young' ? 5_000 : 99) },
    plan: undefined,
  },
  {
    name: 'a next authority that is trusted for long enough',
    secret: { ...signing(OLD, [YOUNG]), next: usable(YOUNG) },
    view: { heldMs: () => 100 },
    plan: ['promoted', 'young', undefined, 'old'],
  },
  {
    name: 'a next authority that is broken',
    secret: { ...signing(YOUNG), next: BROKEN },
    plan: ['retired', 'young', undefined, ''],
  },
  {
    name: 'a next authority that is the present one',
    secret: { ...signing(YOUNG), next: usable(YOUNG) },
    plan: ['retired', 'young', undefined, ''],
  },
  {
    name: 'a bundle without the present authority',
    secret: { ...signing(YOUNG), bundle: [] },
    plan: ['restored', 'young', undefined, ''],
  },
  {
    name: 'a bundle without the one that we serve with',
    secret: signing(YOUNG),
    view: { served: FORMER },
    plan: ['restored', 'young', undefined, 'former'],
  },
  {
    name: 'a former authority whose certificates may live',
    secret: signing(YOUNG, [FORMER], NOW_MS - RETENTION_MS + 1),
    plan: undefined,
  },
  {
    name: 'a former authority whose certificates are over',
    secret: signing(YOUNG, [FORMER], NOW_MS - RETENTION_MS),
    plan: ['retired', 'young', undefined, ''],
  },
  {
    name: 'the same, while we still serve with it',
    secret: signing(YOUNG, [FORMER], NOW_MS - RETENTION_MS),
    view: { served: FORMER },
    plan: undefined,
  },
  {
    name: 'a former authority that expired a moment ago, by our clock',
    secret: signing(YOUNG, [JUST_EXPIRED], NOW_MS),
    view: { served: JUST_EXPIRED },
    plan: undefined,
  },
  {
    name: 'a former authority that expired an hour ago',
    secret: signing(YOUNG, [EXPIRED], NOW_MS),
    plan: ['retired', 'young', undefined, ''],
  },
]

const nameOf = (authority: AuthorityCertificate | 'new' | undefined) =>
  typeof authority === 'object' ? authority.fingerprint : authority

for (const { name, secret, view, plan } of CASES) {
  t.test(`${name}: ${plan?.[0] ?? 'nothing to do'}`, async (t) => {
    const made = planSecret(secret, {
      served: undefined,
      trusted: [],
      heldMs: () => 0,
      nowMs: NOW_MS,
      lifetimes: LIFETIMES,
      ...view,
    })
    const others = made?.others.map(nameOf).join()
    t.strictSame(made && [made.change, nameOf(made.current), nameOf(made.next), others], plan)
  })
}

const NO_REPLICA = { served: undefined, trusted: [], heldMs: () => 0, skewMs: 0 }

t.test(
  'property: replicas with any views and clocks come to rest and keep what any of them needs',
  async () => {
    const authority = fc
      .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: -500, max: 20_000 }))
      .map(([index, lifeMs]) => fabricateAuthority(`a${index}-${lifeMs}`, NOW_MS + lifeMs))
    const stored = fc.oneof(fc.constant(EMPTY), fc.constant(BROKEN), authority.map(usable))
    const secret = fc
      .record({
        current: stored,
        next: stored,
        bundle: fc.array(authority, { maxLength: 4 }),
        signingSinceMs: fc.option(fc.integer({ min: NOW_MS - 5_000, max: NOW_MS + 500 }), { nil: undefined }),
      })
      .map((content) => content as CertificateSecret)
    const replica = fc.record({
      served: fc.option(authority, { nil: undefined }),
      trusted: fc.array(authority, { maxLength: 4 }),
      heldMs: fc.integer({ min: 0, max: 200 }).map((ms) => () => ms),
      skewMs: fc.integer({ min: -50, max: 50 }),
    })
    fc.assert(
      fc.property(secret, fc.array(replica, { minLength: 1, maxLength: 4 }), (first, replicas) => {
        let held = first
        let made = 0
        let quiet = 0
        for (let turn = 0; quiet < replicas.length; turn++) {
          if (turn > 60) throw new Error('they never come to rest')
          const { served, trusted, heldMs, skewMs } = replicas[turn % replicas.length] ?? NO_REPLICA
          const nowMs = NOW_MS + skewMs
          const plan = planSecret(held, { served, trusted, heldMs, nowMs, lifetimes: LIFETIMES })
          quiet = plan === undefined ? quiet + 1 : 0
          if (plan === undefined) continue
          const content = carryOut(plan, () =>
            fabricateAuthority(`new-${made++}`, nowMs + LIFETIMES.authorityMs),
          )
          held = readBack(content, nowMs)
        }
        const trusted = held.bundle.map(nameOf)
        if (held.current.state !== 'usable') throw new Error('nothing signs')
        const needed = [
          held.current.authority,
          ...(held.next.state === 'usable' ? [held.next.authority] : []),
          ...replicas.flatMap(({ served }) =>
            served !== undefined && served.notAfterMs > NOW_MS + 50 ? [served] : [],
          ),
        ]
        return needed.every((each) => trusted.includes(each.fingerprint)) && made <= 2
      }),
      { numRuns: 2_000 },
    )
  },
)
