import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import jsonPatch from 'fast-json-patch'
import t from 'tap'
import { createPatchWriter } from '../../../src/webhook/admission/patch-text.ts'
import type { Identity } from '../../../src/webhook/identity/decide.ts'
import type { MutationSettings } from '../../../src/webhook/identity/settings.ts'
import type { AddOperation } from '../../../src/webhook/injection/build-patch.ts'
import { createInjector } from '../../../src/webhook/injection/injector.ts'
import { readPod } from '../../../src/webhook/injection/pod.ts'
import { mutateCopy } from '../../support/mutation-model.ts'
import { DEFAULT_SETTINGS, ROLE_ARN } from '../../support/mutation-settings.ts'
import { podArbitrary } from '../../support/pod-arbitrary.ts'

const identityArbitrary: fc.Arbitrary<Identity> = fc.oneof(
  fc.record({
    method: fc.constant('web_identity' as const),
    roleArn: fc.constantFrom(ROLE_ARN, 'not an arn'),
    audience: fc.constantFrom('sts.amazonaws.com', ''),
    tokenExpirationSeconds: fc.integer({ min: 600, max: 86_400 }),
    isRegionalSts: fc.boolean(),
  }),
  fc.record({
    method: fc.constant('container_credentials' as const),
    tokenExpirationSeconds: fc.integer({ min: 600, max: 86_400 }),
    isRegionalSts: fc.boolean(),
  }),
)

const settingsArbitrary: fc.Arbitrary<MutationSettings> = fc.record({
  annotationPrefix: fc.constant(DEFAULT_SETTINGS.annotationPrefix),
  defaults: fc.constant(DEFAULT_SETTINGS.defaults),
  awsDefaultRegion: fc.constantFrom(undefined, 'eu-central-1'),
  roleArnParts: fc.constant(undefined),
  webIdentity: fc.constantFrom(DEFAULT_SETTINGS.webIdentity, {
    ...DEFAULT_SETTINGS.webIdentity,
    mountPath: `${DEFAULT_SETTINGS.webIdentity.mountPath}/`,
  }),
  containerCredentials: fc.constant(DEFAULT_SETTINGS.containerCredentials),
})

/** A pod, what is injected into it, and which of its containers are skipped. */
const caseArbitrary = fc
  .tuple(podArbitrary, identityArbitrary, settingsArbitrary, fc.boolean())
  .map(([pod, identity, settings, isFirstSkipped]) => {
    const first = pod.spec.containers[0]?.name
    return { pod, identity, settings, skipped: isFirstSkipped && first !== undefined ? [first] : [] }
  })

function skipContainers(names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : names.map((name) => `"${name.replaceAll('"', '""')}"`).join(',')
}

function applyPatch(pod: object, patch: readonly AddOperation[]): object {
  const operations = JSON.parse(createPatchWriter()(patch))
  return jsonPatch.applyPatch(structuredClone(pod), operations, true, true, false).newDocument
}

const RUNS = { numRuns: 400 }

t.test('the patch leads to the pod that copying and editing it leads to', async () => {
  fc.assert(
    fc.property(caseArbitrary, ({ pod, identity, settings, skipped }) => {
      const { patch } = createInjector(settings)(readPod(pod), identity, skipContainers(skipped))
      return isDeepStrictEqual(applyPatch(pod, patch), mutateCopy(pod, identity, settings, skipped))
    }),
    RUNS,
  )
})

t.test('a second run over the mutated pod adds nothing', async () => {
  fc.assert(
    fc.property(caseArbitrary, ({ pod, identity, settings, skipped }) => {
      const first = createInjector(settings)(readPod(pod), identity, skipContainers(skipped))
      const mutated = applyPatch(pod, first.patch)
      return createInjector(settings)(readPod(mutated), identity, skipContainers(skipped)).patch.length === 0
    }),
    RUNS,
  )
})

t.test('everything that was in the pod is still there, in its place', async () => {
  fc.assert(
    fc.property(caseArbitrary, ({ pod, identity, settings, skipped }) => {
      const { patch } = createInjector(settings)(readPod(pod), identity, skipContainers(skipped))
      const added = new Set(['aws-iam-token', 'eks-pod-identity-token'])
      const mutated = JSON.parse(JSON.stringify(applyPatch(pod, patch)))
      const volumeCount = (pod as { spec: { volumes?: unknown[] | null } }).spec.volumes?.length ?? 0
      if (mutated.spec.volumes.length > volumeCount && added.has(mutated.spec.volumes[0].name)) {
        mutated.spec.volumes.shift()
      }
      return isContained(pod, mutated)
    }),
    RUNS,
  )
})

/** Whether `whole` has all of `part`: objects by their members, lists by their first items. */
function isContained(part: unknown, whole: unknown): boolean {
  if (part === null) return true
  if (typeof part !== 'object') return Object.is(part, whole)
  if (typeof whole !== 'object' || whole === null) return false
  const isLabel = (key: string) => key === 'eks.amazonaws.com/pod-identity'
  return Object.entries(part).every(
    ([key, value]) => isLabel(key) || isContained(value, (whole as Record<string, unknown>)[key]),
  )
}
