import { execFile } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import type { NameQuestion } from '../../src/cli/engine/completion/names.ts'
import { findClusterNames } from '../../src/cli/pod-identity-webhook/cluster-names.ts'
import { isCi } from '../support/ci.ts'
import { useCluster } from './support/cluster.ts'
import { findMissing, openTypedShell, type ShellName, writeRecorder } from './support/typed-shell.ts'
import { findWebhookScript } from './support/webhook.ts'
import { describePod } from './support/webhook-registration.ts'

const runFile = promisify(execFile)
const NAME = 'pod-identity-webhook'
const NAMESPACE = 'zebra-crossing'
const ACCOUNT = 'walker'
const SHELLS: readonly ShellName[] = ['bash', 'zsh', 'fish']

const cluster = await useCluster(t)
const { connection } = cluster
const kubeconfig = connection.adminKubeconfigPath
await cluster.createNamespace(NAMESPACE)
await cluster.client.create(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, {
  metadata: { name: ACCOUNT },
})
await cluster.client.create(`/api/v1/namespaces/${NAMESPACE}/pods`, describePod('giraffe', 'default'))

/** What is typed, and what the program is then run with. */
const LINES: readonly (readonly [string, string])[] = [
  ['doc\t--pr\t', 'doctor --pre'],
  ['oidc ver\t--audi\tx', 'oidc verify --audience x'],
  ['help doc\t', 'help doctor'],
  ['doctor --output=j\t', 'doctor --output=json'],
  ['doctor -o j\t', 'doctor -o json'],
  [`doctor --kubeconfig ${kubeconfig} -n zebra\t`, `doctor --kubeconfig ${kubeconfig} -n ${NAMESPACE}`],
  [`doctor -n zebra\t`, `doctor -n ${NAMESPACE}`],
  ['doctor --service-account zebra\twal\t', `doctor --service-account ${NAMESPACE}/${ACCOUNT}`],
  ['doctor --kubeconfig /nowhere -n zebra\t', 'doctor --kubeconfig /nowhere -n zebra'],
]

for (const shell of SHELLS) {
  const missing = findMissing(shell)
  t.test(
    `${shell} completes commands, flags and names from the cluster`,
    { skip: !isCi && missing },
    async (t) => {
      if (missing) throw new Error(missing)
      const folder = t.testdir()
      writeRecorder(folder, NAME, `${process.execPath} ${findWebhookScript()}`)
      const source = {
        bash: `source <(${NAME} completion bash)`,
        zsh: `source <(${NAME} completion zsh)`,
        fish: `${NAME} completion fish | source`,
      }
      const env = { PATH: process.env['PATH'] ?? '', KUBECONFIG: kubeconfig }
      const terminal = openTypedShell(t, shell, { folder, env, setup: [source[shell]] })
      for (const [typed, ran] of LINES) {
        t.equal((await terminal.type(`${NAME} ${typed}`)).trim(), ran, JSON.stringify(typed))
      }
      terminal.stop()
    },
  )
}

t.test('as a plugin of kubectl, with its flags and its completion', async (t) => {
  const folder = t.testdir()
  for (const name of ['kubectl-pod_identity', 'kubectl_complete-pod_identity'])
    symlinkSync(findWebhookScript(), join(folder, name))
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}`, KUBECONFIG: '' }
  const kubectl = (...args: readonly string[]) => runFile(connection.kubectlPath, args, { env })
  const flags = ['--pre', '--skip=issuer-published', '-n', 'eks', '-o', 'json', '--kubeconfig', kubeconfig]
  const { stdout: report } = await kubectl('pod-identity', 'doctor', ...flags)
  t.match(JSON.parse(report), { checks: [{ id: 'kubernetes-version', status: 'ok' }] })
  const { stdout: help } = await kubectl('pod-identity', 'help')
  t.match(help, /^Usage: kubectl pod-identity \[doctor\]/)
  t.notMatch(help, /^ {2}serve /m, 'what is for a server is not offered')
  const { stdout: commands } = await kubectl('__complete', 'pod-identity', 'doc')
  t.match(commands, /^doctor\t.*\n:4/)
  const names = await kubectl(
    '__complete',
    'pod-identity',
    'doctor',
    '--kubeconfig',
    kubeconfig,
    '-n',
    'zebra',
  )
  t.match(names.stdout, new RegExp(`^${NAMESPACE}\\n:4`))
})

t.test('names of pods and contexts, and none where the cluster does not answer', async (t) => {
  const ask = (question: Partial<NameQuestion>) =>
    findClusterNames(
      { kind: 'pod', begun: '', namespace: NAMESPACE, kubeconfig, context: undefined, ...question },
      {},
    )
  t.strictSame(await ask({}), ['giraffe'])
  t.strictSame(await ask({ namespace: 'no-such-namespace' }), [])
  t.equal((await ask({ kind: 'context' })).length, 1)
  t.strictSame(await ask({ context: 'no-such-context' }), [])
  t.strictSame(await ask({ kubeconfig: '/nowhere' }), [])
})
