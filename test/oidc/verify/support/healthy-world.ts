import { nameProvider } from '../../../../src/iam/trust-request.ts'
import { createLoopbackCertificate, type LoopbackCertificate } from '../../../support/loopback-certificate.ts'
import { ACCOUNT_ID, type FakeAws, ROLE_ARN, SECRET, startAws } from './fake-aws.ts'
import { createSigningPair, type FakeCluster, startCluster } from './fake-cluster.ts'
import { DISCOVERY_PAGE, type IssuerServer, KEYS_PAGE, publish, startIssuer } from './issuer-server.ts'

/** Everything that `oidc verify` asks, with nothing wrong in it. */
export interface World {
  readonly certificate: LoopbackCertificate
  readonly issuer: IssuerServer
  readonly cluster: FakeCluster
  readonly aws: FakeAws
  readonly providerArn: string
  readonly hostPath: string
  /** Leads the SDK to the endpoint, and to no file or service of this machine. */
  readonly env: Readonly<Record<string, string>>
  /** Makes everything as it was. */
  reset(): void
  close(): Promise<void>
}

export const AUDIENCE = 'sts.amazonaws.com'
export const SUBJECT = 'system:serviceaccount:shop:app'

export async function createWorld(): Promise<World> {
  const certificate = await createLoopbackCertificate()
  const pair = createSigningPair()
  const [issuer, cluster, aws] = await Promise.all([
    startIssuer(certificate),
    startCluster(certificate, pair),
    startAws(),
  ])
  const hostPath = issuer.url.slice('https://'.length)
  const providerArn = nameProvider({ partition: 'aws', accountId: ACCOUNT_ID }, { hostPath })
  const reset = () => {
    issuer.pages.clear()
    publish(issuer, DISCOVERY_PAGE, describeIssuer(issuer.url))
    publish(issuer, KEYS_PAGE, { keys: [pair.jwk] })
    Object.assign(cluster.state, { issuer: issuer.url, pairs: [pair], claims: {} })
    for (const map of [cluster.state.faults, aws.state.faults, aws.state.roles, aws.state.providers])
      map.clear()
    aws.state.callerAccountId = ACCOUNT_ID
    aws.state.providers.set(providerArn, [AUDIENCE])
    aws.state.roles.set(ROLE_ARN, JSON.stringify(writePolicy(providerArn, hostPath)))
  }
  reset()
  return {
    certificate,
    issuer,
    cluster,
    aws,
    providerArn,
    hostPath,
    env: {
      AWS_ENDPOINT_URL: aws.url,
      AWS_ACCESS_KEY_ID: 'AKIATEST000000000001',
      AWS_SECRET_ACCESS_KEY: SECRET,
      AWS_REGION: 'eu-central-1',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_MAX_ATTEMPTS: '1',
    },
    reset,
    async close() {
      await Promise.all([issuer.close(), cluster.close(), aws.close()])
    },
  }
}

/** A discovery document, with `changes`. */
export function describeIssuer(url: string, changes: Readonly<Record<string, unknown>> = {}) {
  return {
    issuer: url,
    jwks_uri: `${url}/keys.json`,
    id_token_signing_alg_values_supported: ['RS256'],
    ...changes,
  }
}

/** A trust policy that accepts {@link SUBJECT}; `changes` are to its statement. */
export function writePolicy(
  providerArn: string,
  hostPath: string,
  changes: Readonly<Record<string, unknown>> = {},
) {
  const statement = {
    Effect: 'Allow',
    Principal: { Federated: providerArn },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: { [`${hostPath}:aud`]: AUDIENCE, [`${hostPath}:sub`]: SUBJECT } },
    ...changes,
  }
  return { Version: '2012-10-17', Statement: [statement] }
}
