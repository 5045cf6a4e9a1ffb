import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { V1Pod } from '@kubernetes/client-node'
import t, { type Test } from 'tap'
import { providePythonEnvironment } from '../aws/python-environment.ts'
import { readCodeBlocks, runBlocks } from '../docs/page-script.ts'
import { runDeployedWebhook } from './support/issuer-guide-nodes.ts'
import { verifyWithPublished } from './support/issuer-sts.ts'
import { type IssuerWorld, looksLikeToken, openIssuerWorld } from './support/issuer-world.ts'
import { findIdentity, findTokenSource, WEB_IDENTITY } from './support/pod-credentials.ts'
import { findWebhookScript } from './support/webhook.ts'

const PAGE = 'docs/eks-anywhere.md'
/** The names that the page chooses. */
const BUCKET = 'my-cluster-oidc'
const ROLE_ARN = 'arn:aws:iam::111122223333:role/my-app'

const python = providePythonEnvironment('moto')
if ('missing' in python) t.plan(0, python.missing)
else await t.test(`${PAGE}, followed from top to bottom`, (t) => followPage(t, python.binFolder))

async function followPage(t: Test, motoBinFolder: string) {
  // The page's account, and AWS's own policies in it.
  Object.assign(process.env, { MOTO_ACCOUNT_ID: '111122223333', MOTO_IAM_LOAD_MANAGED_POLICIES: 'true' })
  const world = await openIssuerWorld(t, { motoBinFolder, bucket: BUCKET, hasControllers: true })
  const { cluster, storage, issuerUrl } = world
  const blocks = (await readCodeBlocks(PAGE)).filter(({ language }) => language === 'sh')
  const ended = new AbortController()
  const nodes = runDeployedWebhook(t, cluster, ended.signal)
  const page = await runBlocks(blocks, {
    ...world.env,
    PATH: `${await providePrograms(world)}:${world.env['PATH']}`,
    // Whoever runs this has installed the packages; make must not do so under a running suite.
    MAKEFLAGS: '--old-file=node_modules/.installed --no-print-directory',
  })
  ended.abort()
  t.equal(page.code, 0, page.errors)
  t.equal(page.outputs.length, blocks.length)
  await nodes
  t.notOk(looksLikeToken(page.outputs.join('') + page.errors))
  t.ok(
    page.outputs.some((output) => output.endsWith(ROLE_ARN)),
    'kubectl shows the role of the pod',
  )
  t.match(page.outputs.at(-1), /^(?:✓ [a-z-]+ .+\n){7}$/, 'oidc verify says ✓ everywhere')

  const pod = await cluster.client.get<V1Pod>('/api/v1/namespaces/default/pods/my-app')
  t.equal(findIdentity(pod, WEB_IDENTITY), ROLE_ARN, 'the pod has its variables and its token volume')
  const { audience = '', expirationSeconds = 0 } = findTokenSource(pod, WEB_IDENTITY) ?? {}
  const bound = { name: 'my-app', uid: pod.metadata?.uid ?? '' }
  const token = await world.requestToken({
    namespace: 'default',
    name: 'my-app',
    pod: bound,
    audience,
    expirationSeconds,
  })
  t.match(await verifyWithPublished(storage, issuerUrl, token), {
    subject: 'system:serviceaccount:default:my-app',
  })
}

/** A folder with what the page expects on PATH. */
async function providePrograms({ cluster, folder }: IssuerWorld): Promise<string> {
  const binFolder = join(folder, 'bin')
  await mkdir(binFolder)
  await symlink(cluster.connection.kubectlPath, join(binFolder, 'kubectl'))
  await symlink(process.execPath, join(binFolder, 'node'))
  const program = join(binFolder, 'pod-identity-webhook')
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${findWebhookScript()}' "$@"\n`)
  await chmod(program, 0o755)
  return binFolder
}
