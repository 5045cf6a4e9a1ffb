import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  DeleteOpenIDConnectProviderCommand,
  DeleteRoleCommand,
  IAMClient,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam'
import {
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import type { Test } from 'tap'
import { CREDENTIALS, type IssuerWorld, REGION } from './issuer-world.ts'
import { formatKubeconfig } from './kubeconfig.ts'

const DISCOVERY = '.well-known/openid-configuration'

/** One thing that is wrong between a cluster and a role. */
export interface Fault {
  readonly name: string
  readonly make: () => Promise<unknown>
  /** Does what the hint says. */
  readonly mend: () => Promise<unknown>
  /** The one check that fails, what it finds and what it says to do. */
  readonly id: string
  readonly message: RegExp
  readonly hint: RegExp
  readonly flags?: readonly string[]
}

/** The commands that made what the faults break. */
export interface MakingCommands {
  publish(): Promise<unknown>
  provide(...flags: readonly string[]): Promise<unknown>
  ensureRole(...flags: readonly string[]): Promise<unknown>
}

/** Lists faults for the role `cart` of the ServiceAccount `shop/cart`. */
export function listFaults(t: Test, world: IssuerWorld, commands: MakingCommands): readonly Fault[] {
  const { cluster, issuerUrl, bucket: Bucket, moto, sts, folder } = world
  const { publish, provide, ensureRole } = commands
  const client = { endpoint: moto.url, region: REGION, credentials: CREDENTIALS }
  const s3 = new S3Client({ ...client, forcePathStyle: true })
  const iam = new IAMClient(client)
  t.teardown(() => {
    s3.destroy()
    iam.destroy()
  })
  const hostPath = issuerUrl.slice('https://'.length)
  const providerArn = `arn:aws:iam::123456789012:oidc-provider/${hostPath}`
  const put = (Key: string, document: unknown) =>
    s3.send(
      new PutObjectCommand({
        Bucket,
        Key,
        Body: JSON.stringify(document),
        ContentType: 'application/json',
      }),
    )
  const remove = (Key: string) => s3.send(new DeleteObjectCommand({ Bucket, Key }))
  const readStored = async (Key: string) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
    return JSON.parse((await Body?.transformToString()) ?? '')
  }
  const trust = (condition: unknown) => {
    const principal = { Federated: providerArn }
    const statement = {
      Effect: 'Allow',
      Principal: principal,
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: condition,
    }
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
    return iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'cart', PolicyDocument }))
  }

  const strangerPath = join(folder, 'stranger.kubeconfig')
  return [
    {
      name: 'the bucket lets nobody read',
      make: () => s3.send(new DeleteBucketPolicyCommand({ Bucket })),
      mend: publish,
      id: 'issuer-reachable',
      message: /openid-configuration: it answers HTTP 403, not 200/,
      hint: /oidc publish/,
    },
    {
      name: 'the discovery document is deleted',
      make: () => remove(DISCOVERY),
      mend: publish,
      id: 'issuer-reachable',
      message: /it answers HTTP 404, not 200/,
      hint: /oidc publish/,
    },
    {
      name: 'the discovery document is of another issuer',
      make: async () => put(DISCOVERY, { ...(await readStored(DISCOVERY)), issuer: `${issuerUrl}/` }),
      mend: publish,
      id: 'issuer-matches',
      message: /they differ by a slash at the end/,
      hint: /exactly the issuer that the cluster has/,
    },
    {
      name: 'the keys are deleted',
      make: () => remove('keys.json'),
      mend: publish,
      id: 'keys-published',
      message: /keys\.json: it answers HTTP 404/,
      hint: /oidc publish/,
    },
    {
      name: 'the keys are those of another cluster',
      make: () => {
        const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
        const other = { ...publicKey.export({ format: 'jwk' }), use: 'sig', kid: 'other', alg: 'RS256' }
        return put('keys.json', { keys: [other] })
      },
      mend: publish,
      id: 'keys-published',
      message: /the cluster signs with a key that is not published/,
      hint: /oidc publish --from-cluster/,
    },
    {
      name: 'there is no such ServiceAccount',
      make: () => cluster.kubectl(['delete', 'serviceaccount', 'cart', '--namespace=shop']),
      mend: () => cluster.kubectl(['create', 'serviceaccount', 'cart', '--namespace=shop']),
      id: 'token-verifies',
      message: /serviceaccounts "cart" not found/,
      hint: /kubectl create serviceaccount -n shop cart/,
    },
    {
      name: 'whoever asks may make no tokens',
      make: async () => {
        const { apiServerUrl: url, caPem } = cluster.connection
        const token = await world.requestToken({ namespace: 'shop', name: 'default', audience: issuerUrl })
        await writeFile(strangerPath, formatKubeconfig({ url, caPem, token }), { mode: 0o600 })
      },
      mend: async () => {},
      id: 'token-verifies',
      message: /cannot create resource "serviceaccounts\/token"/,
      hint: /may create serviceaccounts\/token in the namespace shop/,
      flags: [`--kubeconfig=${strangerPath}`],
    },
    {
      name: 'there is no provider',
      make: () => iam.send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: providerArn })),
      mend: provide,
      id: 'provider-exists',
      message: /there is no provider arn:aws:iam::123456789012:oidc-provider/,
      hint: /oidc provider --issuer https:\/\/s3\.eu-central-1\.amazonaws\.com\/road-oidc --audience sts/,
    },
    {
      name: 'the provider takes another audience',
      make: async () => {
        await iam.send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: providerArn }))
        await provide('--audience=elsewhere')
      },
      mend: async () => {
        // moto cannot add an audience to a provider that there is.
        await iam.send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: providerArn }))
        await provide()
      },
      id: 'provider-exists',
      message: /does not take the audience sts\.amazonaws\.com; its audiences are "elsewhere"/,
      hint: /add it with `pod-identity-webhook oidc provider/,
    },
    {
      name: "the trust policy is the old guide's sample, with CLUSTER_ID in its key",
      make: () => trust({ StringLike: { [`${hostPath}/CLUSTER_ID:sub`]: ['system:serviceaccount:shop:*'] } }),
      mend: () => ensureRole('--replace'),
      id: 'role-trusts',
      message: /CLUSTER_ID:sub/,
      hint: /./,
    },
    {
      name: 'the trust policy is for another ServiceAccount',
      make: () => trust({ StringEquals: { [`${hostPath}:sub`]: 'system:serviceaccount:shop:card' } }),
      mend: () => ensureRole('--replace'),
      id: 'role-trusts',
      message: /system:serviceaccount:shop:card/,
      hint: /./,
    },
    {
      name: 'there is no role',
      make: () => iam.send(new DeleteRoleCommand({ RoleName: 'cart' })),
      mend: () => ensureRole(),
      id: 'role-trusts',
      message: /there is no role arn:aws:iam::123456789012:role\/cart/,
      hint: /role ensure cart/,
    },
    {
      name: 'STS does not reach the issuer',
      make: async () => {
        sts.isIssuerReachable = false
      },
      mend: async () => {
        sts.isIssuerReachable = true
      },
      id: 'role-assumable',
      message: /STS cannot/,
      hint: /./,
    },
  ]
}
