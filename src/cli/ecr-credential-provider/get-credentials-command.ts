import { type Command, defineCommand } from '../engine/command.ts'
import { keepKnownArguments } from './known-arguments.ts'
import { SOURCE_GROUPS, toSourceSettings } from './source-flags.ts'

/** Makes the command that the kubelet runs. */
export function createGetCredentialsCommand(version: string): Command {
  const command = defineCommand({
    name: 'get-credentials',
    summary: "Answer the kubelet's request on stdin with credentials for its registry",
    groups: SOURCE_GROUPS,
    examples: [
      {
        purpose: 'as the kubelet does',
        line: `echo '{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"111122223333.dkr.ecr.eu-central-1.amazonaws.com/app"}' | ecr-credential-provider`,
      },
    ],
    async run(values, io) {
      const { runPlugin } = await import('../../ecr/plugin/plugin.ts')
      const result = await runPlugin(toSourceSettings(values), {
        stdin: io.stdin,
        env: io.env,
        now: () => new Date(),
        userAgent: `ecr-credential-provider/${version}`,
      })
      if (io.env['AWS_ACCESS_KEY_ID'] && io.env['AWS_SECRET_ACCESS_KEY'] && io.env['AWS_PROFILE'])
        io.stderr.write(
          'ecr-credential-provider: warning: AWS_PROFILE is set beside keys in the environment, and not used\n',
        )
      if (result.kind === 'answered') {
        io.stdout.write(result.response)
        return 0
      }
      io.stderr.write(`ecr-credential-provider: ${result.reason}\n`)
      return 1
    },
  })
  return {
    ...command,
    read: (args, environment) => command.read(keepKnownArguments(SOURCE_GROUPS, args), environment),
  }
}
