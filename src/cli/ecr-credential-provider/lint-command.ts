import { type Command, defineCommand } from '../engine/command.ts'
import { createPluginReader } from './plugin-reader.ts'

/** Makes the `lint` command. */
export function createLintCommand(environmentPrefix: string): Command {
  return defineCommand({
    name: 'lint',
    summary:
      "Find what the kubelet refuses, and what people get wrong, in its configuration of image credential providers, in EKS Anywhere's package, and in its secret",
    groups: {},
    operandRule: { placeholder: 'FILE|DIR', isRepeatable: true },
    examples: [
      {
        purpose: 'exit code 1 where there are errors',
        line: 'ecr-credential-provider lint config.yaml rbac.yaml',
      },
      {
        purpose: 'what another program prints',
        line: 'kubectl get secret aws-secret -n eksa-packages -o yaml | ecr-credential-provider lint -',
      },
    ],
    async run(_values, io, paths) {
      const [{ readConfigFiles, readConfigStream }, { lintFiles }, { formatFinding }] = await Promise.all([
        import('../../ecr/config-files.ts'),
        import('../../ecr/lint/lint.ts'),
        import('../../ecr/lint/report.ts'),
      ])
      const read = async (path: string) =>
        path === '-' ? [await readConfigStream(io.stdin)] : await readConfigFiles(path)
      const findings = lintFiles(await Promise.all(paths.map(read)), createPluginReader(environmentPrefix))
      for (const finding of findings) io.stdout.write(`${formatFinding(finding)}\n`)
      return findings.some(({ severity }) => severity === 'error') ? 1 : 0
    },
  })
}
