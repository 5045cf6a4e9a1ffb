import fc from 'fast-check'

/** Values of annotations as the API server takes them, odd ones above all. */
export const ODD_VALUE = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.constantFrom(
    '',
    ' ',
    ':',
    '../..',
    '\u0000',
    '\u001b[31m',
    '\n',
    'true',
    'arn:aws:iam::111122223333:role/a',
    'x'.repeat(200_000),
  ),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
  fc.constantFrom(
    '0',
    '-1',
    '599',
    '600',
    '+600',
    '4294967296',
    '4294967297',
    '99999999999',
    '9223372036854775807',
  ),
)

/** Annotations of ours with such values, for a ServiceAccount or a pod. */
export const ODD_ANNOTATIONS = fc.dictionary(
  fc.constantFrom(
    ...['role-arn', 'audience', 'sts-regional-endpoints', 'token-expiration', 'skip-containers'].map(
      (name) => `eks.amazonaws.com/${name}`,
    ),
  ),
  ODD_VALUE,
)
