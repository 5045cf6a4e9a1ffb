import manifest from '../../../package.json' with { type: 'json' }
import type { Program } from '../engine/program-description.ts'
import { createConfigCommand } from './config-command.ts'
import { createExplainCommand } from './explain-command.ts'
import { createGetCredentialsCommand } from './get-credentials-command.ts'
import { createLintCommand } from './lint-command.ts'
import { createPullSecretsCommand } from './pull-secrets-command.ts'

/** Makes the program `ecr-credential-provider`; each command loads what it does when it runs. */
export function createProgram(): Program {
  const { version } = manifest
  // So that --roles-anywhere-role-arn comes from AWS_ROLES_ANYWHERE_ROLE_ARN.
  const environmentPrefix = 'AWS_'
  return {
    name: 'ecr-credential-provider',
    version,
    summary: 'Gives the kubelet passwords for Amazon ECR, as its image credential provider',
    environmentPrefix,
    // The kubelet takes any code but 0 for a failure; the plugin it replaces has 1.
    usageExitCode: 1,
    commands: [
      createGetCredentialsCommand(version),
      createExplainCommand(environmentPrefix),
      createLintCommand(environmentPrefix),
      createConfigCommand(),
      createPullSecretsCommand(version),
    ],
  }
}

/** The arguments with the command that they mean: the plugin, unless the first one names another command. */
export function selectArguments({ commands }: Program, args: readonly string[]): readonly string[] {
  const isCommand = commands.some(({ name }) => name === args[0])
  return isCommand ? args : [commands[0].name, ...args]
}
