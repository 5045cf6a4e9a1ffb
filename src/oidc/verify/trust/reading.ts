import type { Flaw } from '../check.ts'

/** Whether something in a policy holds for a request; what is not known here is not guessed. */
export type Reading =
  | { readonly truth: 'yes' }
  | { readonly truth: 'no'; readonly flaws: readonly Flaw[] }
  | { readonly truth: 'unknown'; readonly doubts: readonly string[] }

export const YES: Reading = { truth: 'yes' }

export function no(message: string, hint: string): Reading {
  return { truth: 'no', flaws: [{ message, hint }] }
}

export function unknown(doubt: string): Reading {
  return { truth: 'unknown', doubts: [doubt] }
}

/** Whether all of them hold. */
export function readAll(readings: readonly Reading[]): Reading {
  const flaws = readings.flatMap((reading) => (reading.truth === 'no' ? reading.flaws : []))
  if (flaws.length > 0 || readings.some(({ truth }) => truth === 'no')) return { truth: 'no', flaws }
  const doubts = readings.flatMap((reading) => (reading.truth === 'unknown' ? reading.doubts : []))
  return doubts.length > 0 ? { truth: 'unknown', doubts } : YES
}
