import t from 'tap'
import { parseArn } from '../../src/aws/arn.ts'
import { nameEndpointHost, readConfiguredEndpoint, readEndpointVariant } from '../../src/aws/endpoint.ts'
import { partitionOfRegion } from '../../src/aws/partitions.ts'

t.test('hosts of all partitions, plain, FIPS, dual-stack and both', async (t) => {
  const cases = [
    ['aws', 'eu-central-1', 'amazonaws.com', 'api.aws'],
    ['aws-cn', 'cn-north-1', 'amazonaws.com.cn', 'api.amazonwebservices.com.cn'],
    ['aws-us-gov', 'us-gov-west-1', 'amazonaws.com', 'api.aws'],
    ['aws-eusc', 'eusc-de-east-1', 'amazonaws.eu', 'api.amazonwebservices.eu'],
    ['aws-iso', 'us-iso-east-1', 'c2s.ic.gov', 'api.aws.ic.gov'],
    ['aws-iso-b', 'us-isob-east-1', 'sc2s.sgov.gov', 'api.aws.scloud'],
    ['aws-iso-e', 'eu-isoe-west-1', 'cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk'],
    ['aws-iso-f', 'us-isof-south-1', 'csp.hci.ic.gov', 'api.aws.hci.ic.gov'],
  ] as const
  for (const [partition, region, suffix, dualStackSuffix] of cases) {
    const name = (isFips: boolean, isDualStack: boolean) =>
      nameEndpointHost('rolesanywhere', { partition, region }, { isFips, isDualStack })
    t.equal(name(false, false), `rolesanywhere.${region}.${suffix}`)
    t.equal(name(true, false), `rolesanywhere-fips.${region}.${suffix}`)
    t.equal(name(false, true), `rolesanywhere.${region}.${dualStackSuffix}`)
    t.equal(name(true, true), `rolesanywhere-fips.${region}.${dualStackSuffix}`)
    t.equal(partitionOfRegion(region), partition)
  }
  const place = { partition: 'aws-moon', region: 'moon-1' }
  t.equal(nameEndpointHost('sts', place, { isFips: false, isDualStack: false }), undefined)
  t.equal(
    nameEndpointHost('sts', { ...place, partition: 'toString' }, { isFips: false, isDualStack: false }),
    undefined,
  )
})

t.test('the environment chooses the variant and an endpoint', async (t) => {
  t.strictSame(readEndpointVariant({}), { isFips: false, isDualStack: false })
  t.strictSame(readEndpointVariant({ AWS_USE_FIPS_ENDPOINT: 'TRUE', AWS_USE_DUALSTACK_ENDPOINT: 'true' }), {
    isFips: true,
    isDualStack: true,
  })
  t.strictSame(readEndpointVariant({ AWS_USE_FIPS_ENDPOINT: '1' }), { isFips: false, isDualStack: false })
  const env = { AWS_ENDPOINT_URL: 'http://all', AWS_ENDPOINT_URL_STS: 'http://sts', AWS_ENDPOINT_URL_ECR: '' }
  t.equal(readConfiguredEndpoint(env, 'STS'), 'http://sts')
  t.equal(readConfiguredEndpoint(env, 'ECR'), 'http://all')
  t.equal(readConfiguredEndpoint({}, 'STS'), undefined)
})

t.test('ARNs are taken apart', async (t) => {
  t.strictSame(parseArn('arn:aws-cn:iam::111122223333:role/a/b:c'), {
    partition: 'aws-cn',
    service: 'iam',
    region: '',
    accountId: '111122223333',
    resource: 'role/a/b:c',
  })
  for (const text of [
    '',
    'arn',
    'arn:aws:iam::1:role/a',
    'arn:aws:iam::111122223333:',
    ' arn:aws:iam::111122223333:role/a',
    'arn:aws:iam::111122223333:role/a\n',
    'arn:azure:iam::111122223333:role/a',
  ])
    t.equal(parseArn(text), undefined, JSON.stringify(text))
})
