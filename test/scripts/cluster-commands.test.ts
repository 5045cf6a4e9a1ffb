import { execFile, spawnSync } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { findFreePorts } from '../cluster/support/free-port.ts'
import { formatKubeconfig } from '../cluster/support/kubeconfig.ts'

const run = promisify(execFile)

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0
const skip = hasKubectl ? false : 'kubectl is not installed'

const folder = await mkdtemp(join(tmpdir(), 'cluster-commands-'))
t.teardown(() => rm(folder, { recursive: true }))

const REQUIRED = { IMAGE: 'registry.test.invalid/webhook:1' }

/** How a command of scripts/cluster ends that fails: its exit code, and all that it says on stderr. */
async function runFailing(script: 'cluster-up' | 'cluster-down', env: Readonly<Record<string, string>>) {
  const { PATH = '' } = process.env
  const child = run(process.execPath, [`scripts/cluster/${script}.ts`], {
    env: { PATH, HOME: folder, ...env },
  })
  try {
    return { code: 0, stderr: (await child).stderr }
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string }
    return { code, stderr }
  }
}

/** A kubectl that gives the answers of old versions, and knows nothing else. */
async function writeFakeKubectl(name: string, clientVersion: string, serverVersion: string): Promise<string> {
  const path = join(folder, name)
  const lines = [
    '#!/bin/sh',
    'case "$*" in',
    `version*) echo '{"clientVersion":{"gitVersion":"${clientVersion}"}}' ;;`,
    'config*) echo production ;;',
    `get*) echo '{"gitVersion":"${serverVersion}"}' ;;`,
    '*) exit 1 ;;',
    'esac',
  ]
  await writeFile(path, lines.join('\n'))
  await chmod(path, 0o755)
  return path
}

t.test('without an image', async (t) => {
  const { code, stderr } = await runFailing('cluster-up', {})
  t.equal(code, 2)
  t.match(stderr, /^cluster-up: IMAGE is missing: .*\n$/)
})

t.test('without kubectl', async (t) => {
  const { code, stderr } = await runFailing('cluster-up', { ...REQUIRED, KUBECTL: join(folder, 'missing') })
  t.equal(code, 1)
  t.match(
    stderr,
    /^cluster-up: .*missing: is not installed: see https:\/\/kubernetes\.io\S+, or name it with KUBECTL=\n$/,
  )
})

t.test('with a kubectl that is too old', async (t) => {
  const KUBECTL = await writeFakeKubectl('old-kubectl', 'v1.26.9', 'v1.36.0')
  const { code, stderr } = await runFailing('cluster-up', { ...REQUIRED, KUBECTL })
  t.equal(code, 1)
  t.match(stderr, /^cluster-up: kubectl is v1\.26\.9: its kustomize is too old; install 1\.27 or newer\n$/)
})

t.test('with a cluster that is too old', async (t) => {
  const KUBECTL = await writeFakeKubectl('old-cluster', 'v1.36.0', 'v1.29.4-eks-1')
  const { code, stderr } = await runFailing('cluster-up', { ...REQUIRED, KUBECTL })
  t.equal(code, 1)
  t.match(
    stderr,
    /^cluster-up: the cluster of context production is Kubernetes v1\.29\.4-eks-1: the manifests need 1\.30 or newer\n$/,
  )
})

for (const script of ['cluster-up', 'cluster-down'] as const) {
  t.test(`${script} without a current context`, { skip }, async (t) => {
    const { code, stderr } = await runFailing(script, { ...REQUIRED, KUBECONFIG: '/dev/null' })
    t.equal(code, 1)
    t.match(stderr, new RegExp(`^${script}: kubectl has no current context: set KUBECONFIG, .*\\n$`))
  })

  t.test(`${script} with a cluster that does not answer`, { skip }, async (t) => {
    const [port] = await findFreePorts(1)
    const KUBECONFIG = join(folder, 'kubeconfig')
    await writeFile(
      KUBECONFIG,
      formatKubeconfig({ url: `https://127.0.0.1:${port}`, caPem: '', token: 'token' }),
    )
    const { code, stderr } = await runFailing(script, { ...REQUIRED, KUBECONFIG })
    t.equal(code, 1)
    t.match(stderr, new RegExp(`^${script}: the cluster of context test does not answer: .*refused.*\\n$`))
  })
}
