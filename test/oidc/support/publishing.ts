import type { Test } from 'tap'
import { type PublicationOptions, planPublication } from '../../../src/oidc/publishing/publication.ts'
import { setEnvironment } from './process-environment.ts'
import { pathOf } from './signing-keys.ts'
import { SmallS3 } from './small-s3.ts'

export const HOUR_MS = 3_600_000

/** When publishing happens where nothing else is said. */
export const NOW_MS = Date.parse('2026-11-01T12:00:00Z')

/** An S3 of the suite's own, and what is published to its bucket `issuers` below `prod`, with the keys of the vectors' files. */
export async function setUpPublishing(t: Test) {
  const s3 = await SmallS3.start()
  t.teardown(() => s3.close())
  // The SDK reads its endpoint and credentials from the process itself.
  setEnvironment(t, { ...s3.environment, AWS_PROFILE: undefined, AWS_REGION: undefined })
  const pausesMs: number[] = []
  const plan = (
    change: Partial<PublicationOptions['place']> = {},
    { keys = ['rsa.pub'], nowMs = NOW_MS, isAdopted = false, isPlanWithoutCredentials = false } = {},
  ) =>
    planPublication({
      place: { bucket: 'issuers', region: 'eu-central-1', prefix: 'prod', isVirtualHost: false, ...change },
      keySource: { origin: { kind: 'files', paths: keys.map(pathOf) }, isEmptyKidListed: false },
      retireAfterMs: 24 * HOUR_MS,
      isAdopted,
      isPlanWithoutCredentials,
      environment: s3.environment,
      timing: {
        wallTimeMs: () => nowMs,
        wait: async (ms) => {
          pausesMs.push(ms)
        },
      },
    })
  const publish = async (...args: Parameters<typeof plan>) => {
    const planned = await plan(...args)
    s3.clearRequests()
    for (const step of planned.steps) await step.apply()
    return planned
  }
  return { s3, plan, publish, pausesMs }
}

/** The tags of a bucket that is ours, as S3 gives them. */
export const TAGGED =
  '<Tagging><TagSet><Tag><Key>pod-identity-webhook</Key><Value>oidc-issuer</Value></Tag></TagSet></Tagging>'
