import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import jsonPatch from 'fast-json-patch'
import t from 'tap'
import { createPatchWriter } from '../../../src/webhook/admission/patch-text.ts'
import type { Decision, Identity } from '../../../src/webhook/identity/decide.ts'
import type { MutationSettings } from '../../../src/webhook/identity/settings.ts'
import type { PatchOperation } from '../../../src/webhook/injection/build-patch.ts'
import { createInjector } from '../../../src/webhook/injection/injector.ts'
import { readPod } from '../../../src/webhook/injection/pod.ts'
import { createReviser } from '../../../src/webhook/policy/revise.ts'
import { podCaseArbitrary } from '../../support/api-pod-arbitrary.ts'
import { mutateCopy } from '../../support/mutation-model.ts'
import { DEFAULT_SETTINGS, ROLE_ARN } from '../../support/mutation-settings.ts'
import { applyPolicy } from '../../support/policy-model.ts'

const RUNS = { numRuns: 500 }
const MARK = 'eks.amazonaws.com/pod-identity-policy'

type WebIdentity = Extract<Identity, { method: 'web_identity' }>

const webIdentity: fc.Arbitrary<WebIdentity> = fc.record({
  method: fc.constant('web_identity' as const),
  roleArn: fc.constantFrom(ROLE_ARN, 'other'),
  audience: fc.constantFrom('sts.amazonaws.com', ''),
  tokenExpirationSeconds: fc.constantFrom(600, 86_400),
  isRegionalSts: fc.boolean(),
})
const containerCredentials: Identity = {
  method: 'container_credentials',
  tokenExpirationSeconds: 80_000,
  isRegionalSts: false,
}

const settings: fc.Arbitrary<MutationSettings> = fc
  .constantFrom(undefined, 'eu-central-1')
  .map((awsDefaultRegion) => ({ ...DEFAULT_SETTINGS, awsDefaultRegion }))

/** A pod as its author wrote it, with names of which some containers are skipped. */
const podArbitrary = podCaseArbitrary.map(({ pod }) => {
  const { annotations: _, ...metadata } = pod.metadata
  return { metadata, spec: { ...pod.spec, serviceAccountName: 'cart' } }
})
const skippedArbitrary = fc.subarray(['app', 'a'])

function decisionFor(identity: Identity | undefined, skipped: readonly string[]): Decision {
  const reason =
    identity === undefined
      ? 'no_role'
      : identity.method === 'web_identity'
        ? 'role_annotation'
        : 'container_credentials'
  return { identity, reason, skipContainers: skipped.join(','), warnings: [] }
}

function applyPatch(pod: object, patch: readonly PatchOperation[]): Json {
  const operations = JSON.parse(createPatchWriter()(patch))
  return jsonPatch.applyPatch(structuredClone(pod), operations, true, true, false).newDocument
}

// biome-ignore lint/suspicious/noExplicitAny: pods of any shape
type Json = any

/** A pod without lists that came to be empty and without the mark: the API server leaves both out, or tests do. */
function neutralize(pod: Json): Json {
  const copy = structuredClone(pod)
  if (copy.metadata?.annotations) delete copy.metadata.annotations[MARK]
  return withoutEmpty(copy)
}

function withoutEmpty(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutEmpty)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(([key, member]) => [key, withoutEmpty(member)] as const)
  const isEmpty = (member: Json) => typeof member === 'object' && Object.keys(member).length === 0
  return Object.fromEntries(members.filter(([, member]) => !isEmpty(member)))
}

/** What the webhook makes of a pod; the same pod where it has nothing to say about a policy. */
function revise(
  pod: Json,
  identity: Identity | undefined,
  of: {
    readonly settings: MutationSettings
    readonly skipped: readonly string[]
    readonly readVersion?: string
    readonly memoryVersion?: string
  },
) {
  const inject = createInjector(of.settings)
  const decision = decisionFor(identity, of.skipped)
  const revision = createReviser(of.settings, inject)(readPod(pod), {
    decision,
    readVersion: of.readVersion,
    memoryVersion: of.memoryVersion,
    areMappingsKnown: true,
  })
  if (revision !== undefined) return { ...revision, pod: applyPatch(pod, revision.patch) }
  const patch = identity === undefined ? [] : inject(readPod(pod), identity, decision.skipContainers).patch
  return { reason: decision.reason, patch, pod: applyPatch(pod, patch) }
}

const caseArbitrary = fc.record({
  pod: podArbitrary,
  seen: webIdentity,
  now: fc.oneof(
    { weight: 4, arbitrary: webIdentity },
    { weight: 2, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constant(containerCredentials) },
  ),
  settings,
  skipped: skippedArbitrary,
})

t.test(
  'a ServiceAccount that changed after the policy saw it: the pod is as the webhook alone makes it',
  async () => {
    fc.assert(
      fc.property(caseArbitrary, ({ pod, seen, now, settings, skipped }) => {
        const given = applyPolicy(pod, seen, '1', settings, skipped)
        const wanted = now === undefined ? pod : mutateCopy(pod, now, settings, skipped)
        const revised = revise(given, now, { settings, skipped, readVersion: '2' })
        return isDeepStrictEqual(neutralize(revised.pod), neutralize(wanted))
      }),
      RUNS,
    )
  },
)

t.test('a second run over what comes out is empty', async () => {
  fc.assert(
    fc.property(caseArbitrary, ({ pod, seen, now, settings, skipped }) => {
      const given = applyPolicy(pod, seen, '1', settings, skipped)
      const knowledge = { settings, skipped, readVersion: '2' }
      const first = revise(given, now, knowledge)
      return revise(first.pod, now, knowledge).patch.length === 0
    }),
    RUNS,
  )
})

t.test('the same ServiceAccount, or one that says the same: nothing to do', async () => {
  fc.assert(
    fc.property(
      caseArbitrary,
      fc.constantFrom('1', '2', undefined),
      ({ pod, seen, settings, skipped }, version) => {
        const given = applyPolicy(pod, seen, '1', settings, skipped)
        const { patch, reason } = revise(given, seen, {
          settings,
          skipped,
          ...(version && { readVersion: version }),
        })
        const isMarked = given.metadata.annotations?.[MARK] !== undefined
        return patch.length === 0 && (!isMarked || reason === 'injected_by_policy')
      },
    ),
    RUNS,
  )
})

t.test('memory that has come past what the policy saw counts as a read does', async () => {
  fc.assert(
    fc.property(
      caseArbitrary,
      fc.constantFrom('9', '10'),
      ({ pod, seen, now, settings, skipped }, memoryVersion) => {
        const given = applyPolicy(pod, seen, '9', settings, skipped)
        const revised = revise(given, now, { settings, skipped, memoryVersion }).pod
        const wanted = now === undefined ? pod : mutateCopy(pod, now, settings, skipped)
        return isDeepStrictEqual(neutralize(revised), neutralize(wanted))
      },
    ),
    RUNS,
  )
})

t.test('what older memory says is no reason to take out what the policy added', async () => {
  fc.assert(
    fc.property(caseArbitrary, ({ pod, seen, settings, skipped }) => {
      const given = applyPolicy(pod, seen, '9', settings, skipped)
      const isKept = (memoryVersion: object) =>
        revise(given, undefined, { settings, skipped, ...memoryVersion }).patch.length === 0
      return isKept({}) && isKept({ memoryVersion: '8' })
    }),
    RUNS,
  )
})

t.test('a mark that somebody wrote gives nothing that the ServiceAccount does not', async () => {
  const markArbitrary = fc.oneof(
    fc.constantFrom('1', '2', '3', 'webhook', '', 'x', '1 /volume', '2 app:i a:srim', '1 app:', '1 worker:s'),
    fc.string(),
  )
  fc.assert(
    fc.property(caseArbitrary, markArbitrary, ({ pod, now, settings, skipped }, mark) => {
      const forged = { ...pod, metadata: { ...pod.metadata, annotations: { [MARK]: mark } } }
      const revised = revise(forged, now, { settings, skipped, readVersion: '2' }).pod
      const before = listRoles(forged)
      const entitled = now?.method === 'web_identity' ? [now.roleArn] : []
      return listRoles(revised).every((role) => before.includes(role) || entitled.includes(role))
    }),
    RUNS,
  )
})

function listRoles(pod: Json): readonly string[] {
  return [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])].flatMap((container: Json) =>
    (container.env ?? []).filter(({ name }: Json) => name === 'AWS_ROLE_ARN').map(({ value }: Json) => value),
  )
}
