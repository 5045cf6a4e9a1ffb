import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { V1Pod } from '@kubernetes/client-node'
import t, { type Test } from 'tap'
import { providePythonEnvironment } from '../aws/python-environment.ts'
import { listFaults } from './support/issuer-faults.ts'
import { verifyWithPublished } from './support/issuer-sts.ts'
import { CREDENTIALS, openIssuerWorld, REGION } from './support/issuer-world.ts'
import { findIdentity, findTokenSource, WEB_IDENTITY } from './support/pod-credentials.ts'
import { useWebhook } from './support/webhook-fixture.ts'
import { describePod, registerWebhook } from './support/webhook-registration.ts'

const BUCKET = 'road-oidc'
const NAMESPACE = 'shop'
const ACCOUNT = 'system:serviceaccount:shop:cart'
const ROLE_ARN = 'arn:aws:iam::123456789012:role/cart'
const DISCOVERY = '.well-known/openid-configuration'

const python = providePythonEnvironment('moto')
if ('missing' in python) t.plan(0, python.missing)
else await t.test('from a cluster to AWS credentials', (t) => followRoad(t, python.binFolder))

async function followRoad(t: Test, motoBinFolder: string) {
  const world = await openIssuerWorld(t, { motoBinFolder, bucket: BUCKET })
  const { cluster, storage, issuerUrl, sts, folder, run } = world
  const stsClient = new STSClient({ endpoint: sts.url, region: REGION, credentials: CREDENTIALS })
  t.teardown(() => stsClient.destroy())

  const publish = (...more: string[]) =>
    run('oidc', 'publish', `--bucket=${BUCKET}`, `--region=${REGION}`, ...more)
  const provide = (...more: string[]) => run('oidc', 'provider', `--issuer=${issuerUrl}`, ...more)
  const ensureRole = (...more: string[]) =>
    run('role', 'ensure', 'cart', `--issuer=${issuerUrl}`, '--service-account=shop/cart', ...more)
  const verify = (...more: string[]) => {
    const whole = ['--service-account=shop/cart', '--role-arn', ROLE_ARN]
    return run('oidc', 'verify', `--issuer=${issuerUrl}`, ...whole, ...more)
  }

  await t.test('each command makes its part, and finds nothing to do the second time', async (t) => {
    for (const command of [publish, provide, ensureRole]) {
      t.match(await command(), { code: 0, stdout: /^created / })
      t.match(await command(), { code: 0, stdout: /^nothing to change/ })
    }
  })

  await t.test('what generate writes is what publish published', async (t) => {
    const out = join(folder, 'documents')
    await mkdir(out)
    t.match(await run('oidc', 'generate', `--issuer=${issuerUrl}`, `--out=${out}`), { code: 0 })
    for (const path of [DISCOVERY, 'keys.json']) {
      const written: unknown = JSON.parse(await readFile(join(out, path), 'utf8'))
      t.strictSame(JSON.parse((await storage.read(`${issuerUrl}/${path}`)).body), written)
    }
  })

  await t.test('a pod that the webhook mutated gets AWS credentials for its token', async (t) => {
    const webhook = await useWebhook(t, cluster, { namespace: NAMESPACE })
    await webhook.waitUntilReady()
    await registerWebhook(cluster, webhook, { namespace: NAMESPACE, failurePolicy: 'Fail' })
    await cluster.kubectl(['create', 'serviceaccount', 'cart', `--namespace=${NAMESPACE}`])
    const annotate = ['annotate', 'serviceaccount', 'cart', `--namespace=${NAMESPACE}`]
    t.match(await cluster.kubectl([...annotate, `eks.amazonaws.com/role-arn=${ROLE_ARN}`]), { exitCode: 0 })
    const pods = `/api/v1/namespaces/${NAMESPACE}/pods`
    const pod = await cluster.client.create<V1Pod>(pods, describePod('cart', 'cart'))
    t.equal(findIdentity(pod, WEB_IDENTITY), ROLE_ARN)
    const { audience = '', expirationSeconds = 0 } = findTokenSource(pod, WEB_IDENTITY) ?? {}
    const bound = { name: 'cart', uid: pod.metadata?.uid ?? '' }
    const account = { namespace: NAMESPACE, name: 'cart', pod: bound, audience, expirationSeconds }
    const token = await world.requestToken(account)
    t.match(await verifyWithPublished(storage, issuerUrl, token), { subject: ACCOUNT })
    const assume = { RoleArn: ROLE_ARN, RoleSessionName: 'cart', WebIdentityToken: token }
    t.match(await stsClient.send(new AssumeRoleWithWebIdentityCommand(assume)), {
      AssumedRoleUser: { Arn: 'arn:aws:sts::123456789012:assumed-role/cart/cart' },
    })
  })

  await t.test('verify says ✓ everywhere', async (t) => {
    const { code, stdout } = await verify()
    t.equal(code, 0)
    t.match(stdout, /^(?:✓ [a-z-]+ .+\n){7}$/)
  })

  const faults = listFaults(t, world, { publish, provide, ensureRole })
  for (const { name, make, mend, id, message, hint, flags = [] } of faults) {
    await t.test(`${name}: ${id} alone says ✗`, async (t) => {
      await make()
      const { code, stdout, stderr } = await verify('--output=json', ...flags)
      await mend()
      t.equal(code, 1, stderr)
      const { checks } = JSON.parse(stdout) as { checks: readonly Readonly<Record<string, string>>[] }
      t.equal(checks.length, 7)
      for (const check of checks) {
        if (check['id'] === id) t.match(check, { status: 'failed', message, hint })
        else t.match(check, { status: /^(?:ok|skipped)$/ })
      }
    })
  }

  await t.test('with all hints followed it says ✓ again', async (t) => {
    const { stdout } = await verify()
    t.match(stdout, /^(?:✓ [a-z-]+ .+\n){7}$/)
  })
}
