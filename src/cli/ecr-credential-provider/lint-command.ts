import { type Command, defineCommand } from '../engine/command.ts'

/** Makes the `lint` command. */
export function createLintCommand(): Command {
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
    ],
    async run(_values, io, paths) {
      const [{ readConfigFiles }, { lintFiles }, { formatFinding }] = await Promise.all([
        import('../../ecr/config-files.ts'),
        import('../../ecr/lint/lint.ts'),
        import('../../ecr/lint/report.ts'),
      ])
      const findings = lintFiles(await Promise.all(paths.map((path) => readConfigFiles(path))))
      for (const finding of findings) io.stdout.write(`${formatFinding(finding)}\n`)
      return findings.some(({ severity }) => severity === 'error') ? 1 : 0
    },
  })
}
