// Run by `make test-aws`: S3 and STS as moto has them, and the scripts of --dry-run by sh and the AWS CLI.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  CreateBucketCommand,
  GetBucketLocationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import t, { type Test } from 'tap'
import { EC, pathOf, RSA } from '../../oidc/support/signing-keys.ts'
import { runProgramProcess } from '../../support/program-run.ts'
import { isRead, startMotoServer } from './moto-server.ts'

const binFolder = process.env['MOTO_BIN'] ?? ''

// The start takes some seconds: tests share it, each with buckets of its own.
t.setTimeout(180_000)
const moto = await startMotoServer(binFolder)
const env = {
  AWS_ENDPOINT_URL: moto.url,
  AWS_ACCESS_KEY_ID: 'AKIATEST000000000001',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
}
const credentials = { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY }
const client = { endpoint: moto.url, region: 'eu-central-1', credentials }
const s3 = new S3Client({ ...client, forcePathStyle: true })
t.teardown(async () => {
  s3.destroy()
  await moto.close()
})

const RSA_KEY = `--key=${pathOf('rsa.pub')}`
const EC_KEY = `--key=${pathOf('p256.pub')}`

const publish = (bucket: string, ...args: string[]) =>
  runProgramProcess(['oidc', 'publish', `--bucket=${bucket}`, '--region=eu-central-1', ...args], { env })

/** What publishing sets and writes, apart from when. */
async function readState(Bucket: string) {
  const { LocationConstraint: region } = await s3.send(new GetBucketLocationCommand({ Bucket }))
  const { TagSet: tags } = await s3.send(new GetBucketTaggingCommand({ Bucket }))
  const { PublicAccessBlockConfiguration: block } = await s3.send(new GetPublicAccessBlockCommand({ Bucket }))
  const { OwnershipControls: ownership } = await s3.send(new GetBucketOwnershipControlsCommand({ Bucket }))
  const { Policy: policy } = await s3.send(new GetBucketPolicyCommand({ Bucket }))
  const { Contents: listed = [] } = await s3.send(new ListObjectsV2Command({ Bucket }))
  const objects = listed.map(async ({ Key = '' }) => {
    const { Body, ContentType, CacheControl, Metadata } = await s3.send(new GetObjectCommand({ Bucket, Key }))
    const metadata = JSON.stringify(Metadata).replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    const body = (await Body?.transformToString())?.replaceAll(Bucket, 'BUCKET')
    return { Key, ContentType, CacheControl, metadata, body }
  })
  return {
    ...{ region, tags, block, ownership },
    policy: JSON.parse((policy ?? '').replaceAll(Bucket, 'BUCKET')),
    objects: await Promise.all(objects),
  }
}

async function readKids(Bucket: string, Key: string): Promise<readonly string[]> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
  const { keys } = JSON.parse((await Body?.transformToString()) ?? '')
  return keys.map(({ kid }: { kid: string }) => kid)
}

/** Plans with reads alone, and has sh run the script as printed. */
async function runScript(t: Test, bucket: string, ...args: string[]): Promise<void> {
  moto.actions.length = 0
  const { stdout, code } = await publish(bucket, ...args, '--dry-run')
  t.equal(code, 0)
  t.ok(moto.actions.length > 0)
  t.ok(moto.actions.every(isRead), moto.actions.join(' '))
  await runShell(stdout)
}

async function runShell(script: string): Promise<void> {
  const child = spawn('sh', [], {
    env: { ...env, PATH: `${binFolder}:/usr/bin:/bin` },
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  child.stdin.end(script)
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`the script ends with ${code}`)
}

t.test('published twice, the second time changes nothing', async (t) => {
  t.match(await publish('twice', '--prefix=prod', RSA_KEY), {
    code: 0,
    stdout: /^created arn:aws:s3:::twice/,
  })
  moto.actions.length = 0
  t.match(await publish('twice', '--prefix=prod', RSA_KEY), {
    code: 0,
    stdout: 'nothing to change\nissuer: https://s3.eu-central-1.amazonaws.com/twice/prod\n',
  })
  t.ok(moto.actions.every(isRead), moto.actions.join(' '))
})

t.test('everyone reads the two objects, without credentials', async (t) => {
  await publish('public', RSA_KEY)
  for (const key of ['keys.json', '.well-known/openid-configuration'])
    t.equal((await fetch(`${moto.url}/public/${key}`)).status, 200)
})

t.test('a second prefix keeps the first readable', async (t) => {
  await publish('prefixes', '--prefix=one', RSA_KEY)
  t.match(await publish('prefixes', '--prefix=two', EC_KEY), { code: 0 })
  for (const [prefix, kid] of [
    ['one', RSA.kid],
    ['two', EC.kid],
  ] as const) {
    const answer = await fetch(`${moto.url}/prefixes/${prefix}/keys.json`)
    t.match(await answer.json(), { keys: [{ kid }] })
  }
  t.match(await publish('prefixes', '--prefix=one', RSA_KEY), { stdout: /^nothing to change/ })
})

t.test('an old key leaves once its time is over', async (t) => {
  const rotate = () => publish('rotation', EC_KEY, '--retire-after=2s', '--output=json')
  await publish('rotation', RSA_KEY)
  const first = JSON.parse((await rotate()).stdout)
  t.match(first.retiring, [{ kid: RSA.kid }])
  t.strictSame(await readKids('rotation', 'keys.json'), [EC.kid, RSA.kid])
  const until = Date.parse(first.retiring[0].until)
  // A run takes some tenths of a second: a dozen at most fit into the two seconds.
  let last = first
  for (let runs = 0; runs < 30 && Date.now() < until; runs++) {
    last = JSON.parse((await rotate()).stdout)
    if (last.changes.length > 0) break
    t.equal(last.retiring[0].until, first.retiring[0].until, 'running again does not restart the clock')
  }
  if (last.changes.length === 0) last = JSON.parse((await rotate()).stdout)
  t.match(last.changes, [{ resource: 's3://rotation/keys.json', detail: `key ${RSA.kid} removed` }])
  t.strictSame(await readKids('rotation', 'keys.json'), [EC.kid])
})

t.test('a bucket with other things is refused, and adopted on demand with all that it has', async (t) => {
  const Bucket = 'used'
  const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' } as const
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }))
  await s3.send(new PutObjectCommand({ Bucket, Key: 'a.txt', Body: 'theirs' }))
  await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: 'team', Value: 'x' }] } }))
  const theirs = {
    Sid: 'Theirs',
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:DeleteObject',
    Resource: 'arn:aws:s3:::used/a.txt',
  }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [theirs] })
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }))
  moto.actions.length = 0
  t.match(await publish('used', RSA_KEY), {
    code: 1,
    stdout: '',
    stderr: /bucket used is in use: .* holds a\.txt and the tags team; .*--adopt/,
  })
  t.ok(moto.actions.every(isRead), moto.actions.join(' '))
  t.match(await publish('used', RSA_KEY, '--adopt'), { code: 0 })
  const state = await readState('used')
  t.match(state.tags, [{ Key: 'team' }, { Key: 'pod-identity-webhook' }])
  t.match(state.policy.Statement, [{ Sid: 'Theirs' }, { Sid: 'PodIdentityWebhookIssuer' }])
  t.ok(state.objects.some(({ Key, body }) => Key === 'a.txt' && body === 'theirs'))
})

t.test('a bucket of another account or region is refused', async (t) => {
  await publish('elsewhere', RSA_KEY)
  const other = await new STSClient(client).send(
    new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::222222222222:role/other', RoleSessionName: 'x' }),
  )
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = other.Credentials ?? {}
  const args = ['oidc', 'publish', '--bucket=elsewhere', RSA_KEY]
  t.match(
    await runProgramProcess([...args, '--region=eu-central-1'], {
      env: {
        ...env,
        AWS_ACCESS_KEY_ID: AccessKeyId,
        AWS_SECRET_ACCESS_KEY: SecretAccessKey,
        AWS_SESSION_TOKEN: SessionToken,
      },
    }),
    { code: 1, stderr: /bucket elsewhere does not belong to account 222222222222, but to another one/ },
  )
  t.match(await runProgramProcess([...args, '--region=us-west-2'], { env }), {
    code: 1,
    stderr: /bucket elsewhere is in eu-central-1, not in us-west-2: give --region eu-central-1\n$/,
  })
})

t.test('the script of --dry-run ends in the same state as a run, each time', async (t) => {
  const rounds = [
    ['--prefix=prod', RSA_KEY],
    ['--prefix=prod', EC_KEY],
    ['--prefix=second', EC_KEY, RSA_KEY, '--legacy-empty-kid'],
  ]
  for (const args of rounds) {
    await publish('made', ...args)
    await runScript(t, 'scripted', ...args)
    t.strictSame(await readState('scripted'), await readState('made'))
    t.match(await publish('scripted', ...args, '--dry-run'), {
      stdout: /^#!\/bin\/sh\n# There is nothing to do\.\n# issuer: /,
    })
  }
})

t.test('without credentials the script is of everything, and ends in the same state', async (t) => {
  await publish('with-credentials', RSA_KEY)
  moto.actions.length = 0
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...withoutCredentials } = env
  const args = ['oidc', 'publish', '--bucket=without-them', '--region=eu-central-1', RSA_KEY, '--dry-run']
  const { stdout, code } = await runProgramProcess(args, { env: withoutCredentials })
  t.equal(code, 0)
  t.strictSame(moto.actions, [])
  await runShell(stdout)
  t.strictSame(await readState('without-them'), await readState('with-credentials'))
})

t.test('the script that was made without a look does not go over a bucket that is there', async (t) => {
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...withoutCredentials } = env
  const place = ['oidc', 'publish', '--bucket=live', '--region=us-east-1']
  const { stdout } = await runProgramProcess([...place, EC_KEY, '--dry-run'], { env: withoutCredentials })
  t.match(await runProgramProcess([...place, RSA_KEY], { env }), { code: 0 })
  const Tagging = { TagSet: [{ Key: 'team', Value: 'x' }] }
  await s3.send(new PutBucketTaggingCommand({ Bucket: 'live', Tagging }))
  const before = await readState('live')
  await t.rejects(runShell(stdout), { message: 'the script ends with 1' })
  t.strictSame(await readState('live'), before)
})
