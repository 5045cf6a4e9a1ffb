import { defaultProvider } from '@aws-sdk/credential-provider-node'
import fc from 'fast-check'
import t from 'tap'
import { readEnvironmentCredentials } from '../../../src/ecr/plugin/default-chain.ts'
import { withEnvironment } from '../../support/process-environment.ts'

t.test(
  "keys of the environment are taken where the SDK's chain takes them, whatever profile is named beside them",
  async (t) => {
    const maybe = (...values: string[]) => fc.constantFrom(undefined, '', ...values)
    const environments = fc.record({
      AWS_PROFILE: maybe('other'),
      AWS_ACCESS_KEY_ID: maybe('AKIATEST', 'AKIAOTHER'),
      AWS_SECRET_ACCESS_KEY: maybe('secret'),
      AWS_SESSION_TOKEN: maybe('token'),
    })
    const logger = { debug() {}, info() {}, warn() {}, error() {} }
    const property = fc.asyncProperty(environments, async (some) => {
      const env = {
        ...some,
        AWS_CONFIG_FILE: '/dev/null',
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        AWS_EC2_METADATA_DISABLED: 'true',
      }
      // The SDK for JavaScript is alone in letting a profile go before keys.
      const hasKeys = Boolean(some.AWS_ACCESS_KEY_ID && some.AWS_SECRET_ACCESS_KEY)
      const withoutProfile = hasKeys ? { ...env, AWS_PROFILE: undefined } : env
      const theirs = await withEnvironment(withoutProfile, async () => {
        try {
          const { accessKeyId, secretAccessKey, sessionToken } = await defaultProvider({ logger })()
          return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
        } catch {
          return undefined
        }
      })
      t.same(readEnvironmentCredentials(env), theirs, JSON.stringify(some))
    })
    await fc.assert(property, { numRuns: 100 })
  },
)
