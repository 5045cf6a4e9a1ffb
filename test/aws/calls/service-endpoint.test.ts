import { ECRClient } from '@aws-sdk/client-ecr'
import { ECRPUBLICClient } from '@aws-sdk/client-ecr-public'
import { STSClient } from '@aws-sdk/client-sts'
import t from 'tap'
import { nameServiceEndpoint, type ServiceName } from '../../../src/aws/calls/service-endpoint.ts'
import { resolveSessionTarget } from '../../../src/roles-anywhere/session-target.ts'
import { readPartitions } from '../../support/sdk-partitions.ts'

type Rules = (parameters: {
  readonly Region: string
  readonly UseFIPS: boolean
  readonly UseDualStack: boolean
}) => { readonly url: URL }

const options = { region: 'us-east-1' }
const RULES: Readonly<Record<Exclude<ServiceName, 'ROLESANYWHERE'>, Rules>> = {
  ECR: new ECRClient(options).config.endpointProvider,
  ECR_PUBLIC: new ECRPUBLICClient(options).config.endpointProvider,
  STS: new STSClient(options).config.endpointProvider,
}
const VARIANTS = [false, true].flatMap((isFips) =>
  [false, true].map((isDualStack) => ({ isFips, isDualStack })),
)

t.test('endpoints are those of the SDK, in all regions of all partitions', async (t) => {
  const partitions = await readPartitions()
  t.ok(partitions.length >= 8)
  for (const { id, regions } of partitions) {
    // Each partition has a region to come, too.
    const names = [...regions, regions[0]?.replace(/\d+$/, '9') ?? '']
    for (const service of ['ECR', 'STS'] as const) {
      const ours = names.flatMap((region) =>
        VARIANTS.map((variant) => nameServiceEndpoint(service, { region, variant })),
      )
      const theirs = names.flatMap((Region) =>
        VARIANTS.map(
          ({ isFips: UseFIPS, isDualStack: UseDualStack }) =>
            RULES[service]({ Region, UseFIPS, UseDualStack }).url.href,
        ),
      )
      t.same(ours, theirs, `${service} in ${id}, ${names.length} regions`)
    }
  }
})

t.test('ECR Public is where the SDK finds it', async (t) => {
  const region = 'us-east-1'
  for (const variant of VARIANTS) {
    const parameters = { Region: region, UseFIPS: variant.isFips, UseDualStack: variant.isDualStack }
    const { href } = RULES.ECR_PUBLIC(parameters).url
    t.equal(nameServiceEndpoint('ECR_PUBLIC', { region, variant }), href)
  }
})

t.test('what cannot be in the name of a host is no region', async (t) => {
  const variant = { isFips: false, isDualStack: false }
  for (const region of ['', 'a.b', 'a/b', 'a_b', '-a', 'a-', 'a b', '@evil.test', 'a'.repeat(64)]) {
    t.throws(() => nameServiceEndpoint('ECR', { region, variant }), { message: /is no region$/ }, region)
  }
})

t.test('IAM Roles Anywhere is called where sessions are had', async (t) => {
  for (const [region, partition] of [
    ['eu-central-1', 'aws'],
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
    ['eusc-de-east-1', 'aws-eusc'],
  ] as const) {
    for (const variant of VARIANTS) {
      const arn = (resource: string) => `arn:${partition}:rolesanywhere:${region}:111122223333:${resource}/1`
      const request = {
        trustAnchorArn: arn('trust-anchor'),
        profileArn: arn('profile'),
        roleArn: `arn:${partition}:iam::111122223333:role/one`,
        durationSeconds: 3600,
        roleSessionName: undefined,
        region: undefined,
        endpoint: undefined,
      }
      const env = {
        AWS_USE_FIPS_ENDPOINT: String(variant.isFips),
        AWS_USE_DUALSTACK_ENDPOINT: String(variant.isDualStack),
      }
      const { endpoint } = resolveSessionTarget(request, env)
      t.equal(nameServiceEndpoint('ROLESANYWHERE', { region, variant }), endpoint.href)
    }
  }
})
