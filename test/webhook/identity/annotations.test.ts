import t from 'tap'
import { NO_ANNOTATIONS } from '../../../src/webhook/identity/account.ts'
import {
  parseAccountAnnotations,
  parseGoBoolean,
  parsePodAnnotations,
  parseTokenExpiration,
} from '../../../src/webhook/identity/annotations.ts'
import { ROLE_ARN } from '../../support/mutation-settings.ts'

const OPTIONS = { prefix: 'eks.amazonaws.com', subject: 'ServiceAccount shop/cart' }

t.test('a ServiceAccount’s annotations are read', async (t) => {
  const parsed = parseAccountAnnotations(
    {
      'eks.amazonaws.com/role-arn': ROLE_ARN,
      'eks.amazonaws.com/audience': 'my-audience',
      'eks.amazonaws.com/sts-regional-endpoints': 'true',
      'eks.amazonaws.com/token-expiration': '3600',
      'kubernetes.io/description': 'the cart',
    },
    OPTIONS,
  )
  t.strictSame(parsed, {
    role: ROLE_ARN,
    audience: 'my-audience',
    isRegionalSts: true,
    tokenExpirationSeconds: 3600,
    warnings: [],
  })
})

t.test('without annotations of ours the answer is one shared object', async (t) => {
  t.equal(parseAccountAnnotations(undefined, OPTIONS), NO_ANNOTATIONS)
  t.equal(parseAccountAnnotations({ 'kubernetes.io/description': 'the cart' }, OPTIONS), NO_ANNOTATIONS)
  t.equal(parseAccountAnnotations({ 'iam.amazonaws.com/permitted': '.*' }, OPTIONS), NO_ANNOTATIONS)
})

t.test('a value that cannot be read keeps the default and warns', async (t) => {
  const cases = [
    { name: 'sts-regional-endpoints', value: 'yes', code: 'value_ignored', member: 'isRegionalSts' },
    { name: 'sts-regional-endpoints', value: '', code: 'value_ignored', member: 'isRegionalSts' },
    { name: 'token-expiration', value: '1h', code: 'value_ignored', member: 'tokenExpirationSeconds' },
    { name: 'token-expiration', value: '', code: 'value_ignored', member: 'tokenExpirationSeconds' },
    { name: 'token-expiration', value: '1.5', code: 'value_ignored', member: 'tokenExpirationSeconds' },
  ] as const
  for (const { name, value, code, member } of cases) {
    const parsed = parseAccountAnnotations(
      { 'eks.amazonaws.com/role-arn': ROLE_ARN, [`eks.amazonaws.com/${name}`]: value },
      OPTIONS,
    )
    t.equal(parsed[member], undefined, `${name}=${value}`)
    t.strictSame(
      parsed.warnings.map((warning) => warning.code),
      [code],
    )
    t.match(parsed.warnings[0]?.subject, name)
    t.match(parsed.warnings[0]?.subject, 'ServiceAccount shop/cart')
  }
})

t.test('an empty audience is passed on, with a warning', async (t) => {
  const parsed = parseAccountAnnotations({ 'eks.amazonaws.com/audience': '' }, OPTIONS)
  t.equal(parsed.audience, '')
  t.equal(parsed.warnings[0]?.code, 'empty_audience')
})

t.test('a token expiration under 600 seconds becomes 600, with a warning', async (t) => {
  for (const value of ['599', '0', '-3600', '+60']) {
    const parsed = parseAccountAnnotations({ 'eks.amazonaws.com/token-expiration': value }, OPTIONS)
    t.equal(parsed.tokenExpirationSeconds, 600, value)
    t.equal(parsed.warnings[0]?.code, 'value_raised', value)
  }
})

t.test('mistyped prefixes of our annotations are found', async (t) => {
  for (const prefix of ['eks.amazon.com', 'eks-amazonaws.com', 'eks.amazonaws.co', 'eks.amazonaws.com.']) {
    const parsed = parseAccountAnnotations({ [`${prefix}/role-arn`]: ROLE_ARN }, OPTIONS)
    t.equal(parsed.role, '', prefix)
    t.equal(parsed.warnings[0]?.code, 'mistyped_prefix', prefix)
  }
  for (const prefix of ['example.com', 'ecs.example.amazonaws.com', 'vault.hashicorp.com']) {
    t.equal(parseAccountAnnotations({ [`${prefix}/role-arn`]: ROLE_ARN }, OPTIONS), NO_ANNOTATIONS, prefix)
  }
})

t.test('another prefix reads other annotations', async (t) => {
  const options = { ...OPTIONS, prefix: 'aws.example.org' }
  t.equal(parseAccountAnnotations({ 'aws.example.org/role-arn': ROLE_ARN }, options).role, ROLE_ARN)
  t.equal(parseAccountAnnotations({ 'eks.amazonaws.com/role-arn': ROLE_ARN }, options), NO_ANNOTATIONS)
})

t.test('a long value is quoted in part', async (t) => {
  const parsed = parseAccountAnnotations({ 'eks.amazonaws.com/token-expiration': 'x'.repeat(5000) }, OPTIONS)
  t.ok((parsed.warnings[0]?.subject.length ?? 0) < 250)
})

t.test('a pod’s annotations are read', async (t) => {
  const parsed = parsePodAnnotations(
    {
      'eks.amazonaws.com/token-expiration': '7200',
      'eks.amazonaws.com/skip-containers': 'a, b',
      'eks.amazon.com/skip-containers': 'c',
    },
    { ...OPTIONS, subject: 'the pod' },
  )
  t.equal(parsed.tokenExpirationSeconds, 7200)
  t.equal(parsed.skipContainers, 'a, b')
  t.strictSame(
    parsed.warnings.map((warning) => warning.code),
    ['mistyped_prefix'],
  )
})

t.test('booleans are spelt as Go’s strconv.ParseBool takes them', async (t) => {
  for (const text of ['1', 't', 'T', 'TRUE', 'true', 'True']) t.equal(parseGoBoolean(text), true, text)
  for (const text of ['0', 'f', 'F', 'FALSE', 'false', 'False']) t.equal(parseGoBoolean(text), false, text)
  for (const text of ['', 'yes', 'on', 'tRUE', ' true', '2']) t.equal(parseGoBoolean(text), undefined, text)
})

t.test('seconds are digits with an optional sign, within 64 bits', async (t) => {
  const cases: readonly [string, number | undefined][] = [
    ['86400', 86_400],
    ['+86400', 86_400],
    ['-1', -1],
    ['007', 7],
    ['9223372036854775807', 2 ** 63],
    ['9223372036854775808', undefined],
    ['', undefined],
    ['+', undefined],
    ['1e3', undefined],
    [' 60', undefined],
    ['0x10', undefined],
    ['1_000', undefined],
  ]
  for (const [text, seconds] of cases) t.equal(parseTokenExpiration(text), seconds, JSON.stringify(text))
})

t.test('what would make the API server refuse the pod becomes the nearest that it takes', async (t) => {
  for (const text of ['4294967297', '99999999999', '9223372036854775807']) {
    const account = parseAccountAnnotations({ 'eks.amazonaws.com/token-expiration': text }, OPTIONS)
    const pod = parsePodAnnotations({ 'eks.amazonaws.com/token-expiration': text }, OPTIONS)
    for (const { tokenExpirationSeconds, warnings } of [account, pod]) {
      t.equal(tokenExpirationSeconds, 4294967296)
      t.match(warnings, [{ code: 'value_lowered', subject: new RegExp(text) }])
    }
  }
  const { tokenExpirationSeconds, warnings } = parsePodAnnotations(
    { 'eks.amazonaws.com/token-expiration': '4294967296' },
    OPTIONS,
  )
  t.strictSame([tokenExpirationSeconds, warnings], [4294967296, []])
})

t.test('a value too long for every container of a pod is ignored', async (t) => {
  const long = 'x'.repeat(4097)
  const annotations = {
    'eks.amazonaws.com/role-arn': `${ROLE_ARN}${long}`,
    'eks.amazonaws.com/audience': long,
  }
  const { role, audience, warnings } = parseAccountAnnotations(annotations, OPTIONS)
  t.strictSame([role, audience], ['', undefined])
  t.strictSame(
    warnings.map(({ code }) => code),
    ['value_too_long', 'value_too_long'],
  )
  t.notMatch(JSON.stringify(warnings), /xxx/)
  t.equal(
    parseAccountAnnotations({ 'eks.amazonaws.com/audience': 'x'.repeat(4096) }, OPTIONS).warnings.length,
    0,
  )
})

t.test('an annotation in the wrong place is named', async (t) => {
  const annotations = Object.fromEntries(
    ['role-arn', 'audience', 'sts-regional-endpoints', 'token-expiration', 'skip-containers'].map((name) => [
      `eks.amazonaws.com/${name}`,
      name === 'token-expiration' ? '3600' : 'true',
    ]),
  )
  t.match(parseAccountAnnotations(annotations, OPTIONS).warnings, [
    {
      code: 'misplaced_annotation',
      subject:
        'annotation eks.amazonaws.com/skip-containers of ServiceAccount shop/cart belongs on the pod and',
    },
  ])
  t.strictSame(
    parsePodAnnotations(annotations, { ...OPTIONS, subject: 'the pod' }).warnings.map(
      ({ subject }) => subject,
    ),
    ['role-arn', 'audience', 'sts-regional-endpoints'].map(
      (name) => `annotation eks.amazonaws.com/${name} of the pod belongs on the ServiceAccount and`,
    ),
  )
})
