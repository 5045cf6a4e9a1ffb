import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { createKubectl } from '../../scripts/cluster/kubectl.ts'
import { type Manifest, toList } from '../../scripts/cluster/manifest.ts'
import { renderManifests } from '../../scripts/cluster/rendered-manifests.ts'
import {
  ANNOTATION_POLICY_NAME,
  type AnnotationAction,
  type AnnotationPolicySettings,
  buildAnnotationPolicy,
} from '../../src/webhook/annotation-policy/annotation-policy.ts'
import {
  ACCOUNT_ANNOTATIONS,
  type Annotations,
  MAX_VALUE_CHARACTERS,
  parseAccountAnnotations,
} from '../../src/webhook/identity/annotations.ts'
import { composeRoleArn, isRoleArn } from '../../src/webhook/identity/role-arn.ts'
import { WARNINGS, type WarningCode } from '../../src/webhook/identity/warnings.ts'
import { useCluster } from './support/cluster.ts'
import { poll } from './support/daemon.ts'
import { roleArn } from './support/webhook-registration.ts'

const ACTIVE_TIMEOUT_MS = 20_000
const CASE_COUNT = 1000
const IN_FLIGHT = 8
const NAMESPACE = 'annotated'
const PREFIX = 'eks.amazonaws.com'
const ARN_PARTS = { partition: 'aws', accountId: '123456789012' }

const cluster = await useCluster(t)
await cluster.createNamespace(NAMESPACE)
t.teardown(() => cluster.kubectl(['delete', '--filename=-'], toList(buildPolicy({}))))

t.test(`as shipped, it says of ${CASE_COUNT} ServiceAccounts what the webhook says`, async (t) => {
  const manifests = await renderManifests(createKubectl(cluster.connection.kubectlPath), {
    namespace: NAMESPACE,
    certificateMode: 'self-managed',
    components: [],
  })
  await applyPolicy(manifests.filter(({ metadata }) => metadata.name === ANNOTATION_POLICY_NAME))
  const told = await compareVerdicts(t, PREFIX, false, CASE_COUNT)
  const expected = Object.keys(WARNINGS).filter((code) => isAboutAccounts(code as WarningCode))
  t.strictSame(told, new Set(expected), 'each kind of warning came up')
})

t.test('roles given by name are right where the webhook makes their ARNs', async (t) => {
  await applyPolicy(buildPolicy({ composesRoleArns: true }))
  await compareVerdicts(t, PREFIX, true, CASE_COUNT / 5)
})

t.test('another prefix is looked for instead', async (t) => {
  const prefix = 'identity.example.com'
  await applyPolicy(buildPolicy({ prefix }))
  await compareVerdicts(t, prefix, false, CASE_COUNT / 5)
})

t.test('what kubectl prints', async (t) => {
  await applyPolicy(buildPolicy({}))
  const name = 'reader'
  await cluster.client.create(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, { metadata: { name } })
  const annotate = (...pairs: readonly string[]) =>
    cluster.kubectl(['annotate', '--overwrite', `--namespace=${NAMESPACE}`, 'serviceaccount', name, ...pairs])
  const { exitCode, stderr, stdout } = await annotate(`${PREFIX}/role-arn=s3-reader`)
  t.equal(exitCode, 0)
  t.match(stdout, /serviceaccount\/reader annotated/)
  t.match(
    stderr,
    /^Warning: .*annotation eks.amazonaws.com\/role-arn of ServiceAccount annotated\/reader is not the ARN of an IAM role; .*: write arn:/,
  )
  t.notMatch(stderr, /s3-reader/)

  const { stderr: right } = await annotate(`${PREFIX}/role-arn=${roleArn('reader')}`)
  t.equal(right, '')
  const { stderr: two } = await annotate('eks.amazon.com/role-arn=x', `${PREFIX}/token-expiration=60`)
  t.equal(two.trim().split('\n').length, 2, two)
})

t.test('an update that leaves the annotations alone is not told of', async (t) => {
  await applyPolicy(buildPolicy({}))
  const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`
  await cluster.client.send('POST', path, describeAccount('kept', { [`${PREFIX}/audience`]: '' }))
  const { status, warnings } = await cluster.client.send(
    'PATCH',
    `${path}/kept`,
    { metadata: { labels: { team: 'a' } } },
    'application/merge-patch+json',
  )
  t.equal(status, 200)
  t.strictSame(warnings, [])
})

t.test('Deny refuses what Warn tells of', async (t) => {
  await applyPolicy(buildPolicy({}, 'Deny'), 422)
  const { exitCode, stderr } = await cluster.kubectl(
    ['create', '--filename=-'],
    describeAccount('refused', { [`${PREFIX}/token-expiration`]: '1h' }),
  )
  t.equal(exitCode, 1)
  t.match(stderr, /denied request: annotation eks.amazonaws.com\/token-expiration .* cannot be read/)
})

function buildPolicy(settings: Partial<AnnotationPolicySettings>, action: AnnotationAction = 'Warn') {
  return buildAnnotationPolicy({ prefix: PREFIX, composesRoleArns: false, ...settings }, action)
}

/** Applies the policy, and waits until the API server evaluates it: changed policies take it a moment. */
async function applyPolicy(policy: readonly (Manifest | object)[], refusalStatus = 201): Promise<void> {
  // A warning tells by which of the policies it was made: the object's own resourceVersion is nowhere.
  await cluster.kubectl(['delete', '--ignore-not-found', '--filename=-'], toList(buildPolicy({})))
  const isGone = await poll(async () => {
    const { status, warnings } = await createAccount('probe', { [`${PREFIX}/skip-containers`]: '' })
    const other = await createAccount('probe', { 'identity.example.com/skip-containers': '' })
    return (status === 201 && warnings.length === 0 && other.warnings.length === 0) || undefined
  }, ACTIVE_TIMEOUT_MS)
  if (!isGone) throw new Error('the API server still evaluates the policy before')
  const { exitCode, stderr } = await cluster.kubectl(
    ['apply', '--server-side', '--filename=-'],
    toList(policy),
  )
  if (exitCode !== 0) throw new Error(stderr)
  const isActive = await poll(async () => {
    const answers = [
      await createAccount('probe', { [`${PREFIX}/skip-containers`]: '' }),
      await createAccount('probe', { 'identity.example.com/skip-containers': '' }),
    ]
    return (
      answers.some(
        ({ status, warnings }) => status === refusalStatus && (status === 422 || warnings.length > 0),
      ) || undefined
    )
  }, ACTIVE_TIMEOUT_MS)
  if (!isActive) throw new Error('the API server does not evaluate the policy')
}

function createAccount(name: string, annotations: Annotations) {
  const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts?dryRun=All`
  return cluster.client.send('POST', path, describeAccount(name, annotations))
}

function describeAccount(name: string, annotations: Annotations) {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: NAMESPACE, annotations },
  }
}

/** Posts random ServiceAccounts; gives the codes of warnings that came. */
async function compareVerdicts(
  t: Test,
  prefix: string,
  composesRoleArns: boolean,
  count: number,
): Promise<ReadonlySet<WarningCode>> {
  const told = new Set<WarningCode>()
  const cases = fc.sample(annotationsOf(prefix), { numRuns: count, seed: 20261127 })
  let differences = 0
  for (let start = 0; start < cases.length; start += IN_FLIGHT) {
    await Promise.all(
      cases.slice(start, start + IN_FLIGHT).map(async (annotations, index) => {
        const name = `account-${start + index}`
        const { status, warnings, body } = await createAccount(name, annotations)
        const expected = findExpected(annotations, prefix, composesRoleArns)
        for (const { code } of expected) told.add(code)
        const found = new Set(warnings.map((warning) => readWarning(warning, `${NAMESPACE}/${name}`)))
        const wanted = describeExpected(expected)
        if (status === 201 && isDeepStrictEqual(found, wanted)) return
        differences++
        if (differences <= 5) t.strictSame(found, wanted, JSON.stringify({ annotations, status, body }))
      }),
    )
  }
  t.equal(differences, 0, `${count} verdicts are equal`)
  return told
}

/** The webhook's own verdict: a code for each annotation. */
function findExpected(annotations: Annotations, prefix: string, composesRoleArns: boolean) {
  const { role, warnings } = parseAccountAnnotations(annotations, { prefix, subject: 'it' })
  const expected = warnings.map(({ code, subject }) => ({ code, key: subject.split(' ')[1] ?? '' }))
  const arn = composeRoleArn(role, composesRoleArns ? ARN_PARTS : undefined)
  if (role !== '' && !isRoleArn(arn)) expected.push({ code: 'invalid_role_arn', key: `${prefix}/role-arn` })
  return expected
}

/** As the policy writes them: one of a code for annotations of one kind. */
function describeExpected(expected: readonly { readonly code: WarningCode; readonly key: string }[]) {
  const texts = new Map<string, string[]>()
  for (const { code, key } of expected) {
    const group = code === 'value_ignored' ? `${code} ${key}` : code
    texts.set(group, [...(texts.get(group) ?? []), key])
  }
  return new Set([...texts].map(([group, keys]) => describeKeys(group.split(' ')[0], keys)))
}

function readWarning(warning: string, account: string): string {
  const [, keys = '', rest = ''] =
    /: annotation (\S+(?:, \S+)*) of ServiceAccount (\S+ .*)$/.exec(warning) ?? []
  const code = Object.entries(WARNINGS).find(
    ([, { problem, remedy }]) => rest.startsWith(account) && rest.endsWith(` ${problem}: ${remedy}`),
  )?.[0]
  return code === undefined ? warning : describeKeys(code, keys.split(', '))
}

function describeKeys(code: string | undefined, keys: readonly string[]): string {
  return `${code} ${keys.toSorted((a, b) => a.localeCompare(b)).join(' ')}`
}

function isAboutAccounts(code: WarningCode): boolean {
  const others: readonly WarningCode[] = [
    'unknown_skip_container',
    'foreign_volume',
    'no_container_injected',
    'token_not_mounted',
    'half_configured',
    'pod_too_large',
    'lookup_failed',
  ]
  return !others.includes(code)
}

/** ServiceAccounts' annotations, right and wrong ones, under the prefix and near it. */
function annotationsOf(prefix: string): fc.Arbitrary<Annotations> {
  const letter = fc.constantFrom(...'abcmosw0-.')
  const edit = fc.tuple(fc.nat(prefix.length), fc.constantFrom('insert', 'remove', 'replace'), letter)
  const nearPrefix = fc
    .array(edit, { maxLength: 4 })
    .map((edits) => edits.reduce(applyEdit, prefix))
    .filter((text) => /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(text))
  const name = fc.constantFrom(...ACCOUNT_ANNOTATIONS, 'skip-containers', 'role', 'role-arns')
  const key = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom(...ACCOUNT_ANNOTATIONS, 'skip-containers').map((end) => `${prefix}/${end}`),
    },
    { weight: 3, arbitrary: fc.tuple(nearPrefix, name).map((parts) => parts.join('/')) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'iam.amazonaws.com/role',
        'iam.amazonaws.com/role-arn',
        'role-arn',
        'example.com/audience',
      ),
    },
  )
  return fc.array(fc.tuple(key, valueArbitrary()), { maxLength: 5 }).map((pairs) => Object.fromEntries(pairs))
}

function applyEdit(text: string, [position, kind, letter]: [number, string, string]): string {
  const place = Math.min(position, text.length)
  if (kind === 'insert') return text.slice(0, place) + letter + text.slice(place)
  return text.slice(0, place) + (kind === 'replace' ? letter : '') + text.slice(place + 1)
}

function valueArbitrary(): fc.Arbitrary<string> {
  const sign = fc.constantFrom('', '', '+', '-')
  const number = fc.oneof(
    fc.constantFrom('0', '599', '600', '601', '0600', '86400', '4294967296', '4294967297'),
    fc.constantFrom(
      '9223372036854775807',
      '9223372036854775808',
      '9223372036854775809',
      '10000000000000000000',
    ),
    fc.bigInt({ min: 0n, max: 10n ** 20n }).map(String),
    fc.nat().map((value) => `000${value}`),
  )
  const characters = fc.constantFrom(...'abzAZ019_/.@+=,-: \n$é', '😀')
  return fc.oneof(
    fc.constantFrom(
      '',
      ' ',
      'true',
      'TRUE',
      'tRUE',
      'false',
      'F',
      't',
      '1',
      'yes',
      'sts.amazonaws.com',
      '3600\n',
    ),
    fc.tuple(sign, number).map((parts) => parts.join('')),
    fc
      .tuple(
        fc.constantFrom(
          'arn:aws:iam',
          'arn:aws-cn:iam',
          'arn:aws-us-gov:iam',
          'arn:AWS:iam',
          'x arn:aws:iam',
        ),
        fc.constantFrom(
          '::123456789012:',
          '::12345678901:',
          ':eu-central-1:123456789012:',
          '::٣٢٣٤٥٦٧٨٩٠١٢:',
        ),
        fc.constantFrom('role/', 'role', 'user/', 'role/team/'),
        fc.string({ unit: characters, maxLength: 12 }),
      )
      .map((parts) => parts.join('')),
    fc.string({ unit: characters, maxLength: 12 }),
    fc
      .tuple(
        fc.constantFrom('a', '😀', '9'),
        fc.integer({ min: MAX_VALUE_CHARACTERS - 1, max: MAX_VALUE_CHARACTERS + 1 }),
      )
      .map(([unit, count]) => unit.repeat(count)),
  )
}
