import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import type { Manifest } from '../../scripts/cluster/manifest.ts'
import { buildGoTool } from './go-tool.ts'

const CHART_FOLDER = fileURLToPath(new URL('../../deploy/chart', import.meta.url))

/** Values of the chart, as far as they differ from its values.yaml. */
export type ChartValues = Readonly<Record<string, unknown>>

/** What helm printed and how it ended. */
export interface HelmResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** helm, with our chart. */
export interface Helm {
  /** Of the program. */
  readonly path: string
  /** Runs a command that takes the chart and values: `lint`, `template NAME`, `upgrade NAME`. */
  runWithChart(command: readonly string[], values: ChartValues): Promise<HelmResult>
  run(args: readonly string[], input?: string): Promise<HelmResult>
  /** The objects that a release of these values has. Throws what helm says against them. */
  render(values: ChartValues, namespace?: string): Promise<readonly Manifest[]>
}

/**
 * Builds helm on first use. It keeps its files in `homeFolder`, so that nobody's own plugins, repositories and kubeconfig
 * count; `kubeconfigPath` is the cluster that it talks to.
 */
export async function openHelm(
  homeFolder: string,
  reportProgress: (line: string) => void,
  kubeconfigPath = '/dev/null',
): Promise<Helm> {
  const tool = {
    name: 'helm',
    moduleFolder: fileURLToPath(new URL('../deploy/helm/', import.meta.url)),
    goPackage: 'helm.sh/helm/v4/cmd/helm',
    buildTime: '2 minutes',
  }
  const path = await buildGoTool(tool, reportProgress)
  const env = { PATH: process.env['PATH'], HOME: homeFolder, KUBECONFIG: kubeconfigPath }

  async function run(args: readonly string[], input = ''): Promise<HelmResult> {
    const child = spawn(path, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
    const ended = once(child, 'close')
    // helm may end before it has read its input; its exit code tells more than EPIPE.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    const [stdout, stderr, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), ended])
    return { exitCode, stdout, stderr }
  }
  const runWithChart = (command: readonly string[], values: ChartValues) =>
    run([...command, CHART_FOLDER, '--values=-'], JSON.stringify(values))
  return {
    path,
    run,
    runWithChart,
    async render(values, namespace = 'eks') {
      const command = ['template', 'pod-identity-webhook', `--namespace=${namespace}`]
      const { exitCode, stdout, stderr } = await runWithChart(command, values)
      if (exitCode !== 0) throw new Error(stderr)
      return parseAllDocuments(stdout)
        .map((document) => document.toJS() as Manifest | null)
        .filter((manifest) => manifest !== null)
    },
  }
}
