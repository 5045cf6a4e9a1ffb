import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { readProfileSettings } from '../../../src/aws/calls/aws-sdk.ts'
import type { ServiceName, ServiceSettings } from '../../../src/aws/calls/service-endpoint.ts'
import {
  readEnvironmentSettings,
  readServiceSettings,
  resolveServiceUrl,
} from '../../../src/aws/calls/service-settings.ts'
import { withEnvironment } from '../../support/process-environment.ts'

const NO_FILES = { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' }
const SERVICES: readonly ServiceName[] = ['ECR', 'ECR_PUBLIC', 'STS']

t.test("what the environment sets is what the SDK's own loader makes of it", async (t) => {
  const maybe = (...values: string[]) => fc.constantFrom(undefined, ...values)
  const url = (name: string) => maybe('', `http://${name}.test`, `https://${name}.test:8443/x`)
  const environments = fc.record({
    AWS_ENDPOINT_URL: url('all'),
    AWS_ENDPOINT_URL_ECR: url('ecr'),
    AWS_ENDPOINT_URL_ECR_PUBLIC: url('public'),
    AWS_ENDPOINT_URL_STS: url('sts'),
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: maybe('true', 'false', 'yes'),
    AWS_USE_FIPS_ENDPOINT: maybe('true', 'false', '', 'x'),
    AWS_USE_DUALSTACK_ENDPOINT: maybe('true', 'false', '', 'x'),
    AWS_MAX_ATTEMPTS: maybe('1', '5', '', '07', '2x', 'many'),
  })
  const property = fc.asyncProperty(environments, fc.constantFrom(...SERVICES), async (some, service) => {
    const env = { ...NO_FILES, ...some }
    t.same(
      readEnvironmentSettings(service, env),
      await withEnvironment(env, () => readProfileSettings(service)),
      JSON.stringify(some),
    )
  })
  await fc.assert(property, { numRuns: 300 })
})

t.test('a profile is read where there is one', async (t) => {
  const config = [
    '[default]',
    'endpoint_url = http://all.test',
    'services = mine',
    'max_attempts = 7',
    'use_fips_endpoint = true',
    '[services mine]',
    'ecr_public =',
    '  endpoint_url = http://public.test',
  ]
  const folder = t.testdir({ config: config.join('\n'), empty: '' })
  const read = (name: string, service: ServiceName) => {
    const env = { ...NO_FILES, AWS_CONFIG_FILE: join(folder, name) }
    return withEnvironment(env, () => readServiceSettings(service, env))
  }
  const profile = { isFips: true, isDualStack: false, maxAttempts: 7 }
  t.same(await read('config', 'ECR'), { ...profile, endpoint: 'http://all.test' })
  t.same(await read('config', 'ECR_PUBLIC'), { ...profile, endpoint: 'http://public.test' })
  for (const name of ['empty', 'absent', '.']) {
    t.same(await read(name, 'ECR'), {
      endpoint: undefined,
      isFips: false,
      isDualStack: false,
      maxAttempts: 3,
    })
  }
})

t.test(
  'the image and the settings choose the endpoint, and a configured one stands before both',
  async (t) => {
    const plain = { endpoint: undefined, isFips: false, isDualStack: false, maxAttempts: 3 }
    const rows: readonly (readonly [Partial<ServiceSettings>, object, string])[] = [
      [{}, {}, 'https://api.ecr.us-east-1.amazonaws.com/'],
      [{ isFips: true }, {}, 'https://api.ecr-fips.us-east-1.amazonaws.com/'],
      [{ isFips: true }, { isDualStack: true }, 'https://ecr-fips.us-east-1.api.aws/'],
      [{ endpoint: 'http://ecr.test', isFips: true }, { isDualStack: true }, 'http://ecr.test/'],
      [{ endpoint: 'https://ecr.test:8443/a?b=c#d' }, {}, 'https://ecr.test:8443/a/'],
    ]
    for (const [settings, wanted, url] of rows) {
      const variant = { isFips: false, isDualStack: false, ...wanted }
      const place = { region: 'us-east-1', variant }
      t.equal(resolveServiceUrl('ECR', place, { ...plain, ...settings }).href, url)
    }
    for (const endpoint of ['ecr.test', 'ftp://ecr.test', 'http://']) {
      const place = { region: 'us-east-1', variant: { isFips: false, isDualStack: false } }
      t.throws(() => resolveServiceUrl('ECR', place, { ...plain, endpoint }), {
        message: /no http or https URL$/,
      })
    }
  },
)
