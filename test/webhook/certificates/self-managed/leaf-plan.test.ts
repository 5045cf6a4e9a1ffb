import t from 'tap'
import { chooseSigner } from '../../../../src/webhook/certificates/self-managed/leaf-plan.ts'
import { fabricateAuthority } from '../../../support/fabricated-authority.ts'

const A = fabricateAuthority('a', 10_000)
const B = fabricateAuthority('b', 10_000)
const YOUNG = { authority: A, renewalMs: 200, notAfterMs: 300 }
const OVERLAP_MS = 50

for (const [name, options, signer] of [
  ['nothing is known', {}, undefined],
  ['there is nothing to serve with', { current: B }, 'b'],
  ['what is served is young', { current: A, served: YOUNG }, undefined],
  ['what is served is due', { current: A, served: YOUNG, nowMs: 200 }, 'a'],
  ['what is served is due, and the API server away', { served: YOUNG, nowMs: 200 }, 'a'],
  ['what is served is young, and the API server away', { served: YOUNG }, undefined],
  ['another authority signs, not trusted yet', { current: B, served: YOUNG }, undefined],
  ['another signs, not trusted for long', { current: B, served: YOUNG, heldMs: OVERLAP_MS - 1 }, undefined],
  ['another signs, not trusted for long, and we are due', { current: B, served: YOUNG, nowMs: 200 }, 'a'],
  ['another signs, trusted for long', { current: B, served: YOUNG, heldMs: OVERLAP_MS }, 'b'],
  ['another signs, and what is served has expired', { current: B, served: YOUNG, nowMs: 300 }, 'b'],
] as const) {
  t.test(`${name}: ${signer === undefined ? 'stays' : `signed by ${signer}`}`, async (t) => {
    const { heldMs, ...rest } = { heldMs: 0, ...options }
    const chosen = chooseSigner({
      current: undefined,
      served: undefined,
      nowMs: 100,
      overlapMs: OVERLAP_MS,
      ...rest,
      heldMs: () => heldMs,
    })
    t.equal(chosen?.fingerprint, signer)
  })
}
