import type { InjectOptions } from '../../webhook/inject.ts'
import { type Command, defineCommand } from '../engine/command.ts'
import { UsageError } from '../engine/usage-error.ts'
import { OFFLINE_ACCOUNT_FLAGS } from './flags/account-flags.ts'
import { INJECTION_FLAGS } from './flags/injection-flags.ts'
import { INPUT_OUTPUT_FLAGS } from './flags/input-output-flags.ts'
import { toMutationSettings } from './mutation-settings.ts'

/** Makes the `inject` command. */
export function createInjectCommand(inject: (options: InjectOptions) => Promise<void>): Command {
  return defineCommand({
    name: 'inject',
    summary: 'Mutate the pods of manifests as the server would, offline',
    groups: { io: INPUT_OUTPUT_FLAGS, accounts: OFFLINE_ACCOUNT_FLAGS, injection: INJECTION_FLAGS },
    examples: [
      {
        purpose: 'see what a Deployment would get',
        line: 'pod-identity-webhook inject -f deployment.yaml --manifests service-accounts/ -o diff',
      },
      {
        purpose: 'apply manifests to a cluster that runs no webhook',
        line: 'kubectl kustomize . | pod-identity-webhook inject | kubectl apply -f -',
      },
    ],
    async run({ io: { inputs, output }, accounts, injection }, io) {
      const settings = toMutationSettings(injection)
      if (injection.isRoleArnComposed && settings.roleArnParts === undefined) {
        throw new UsageError(
          'inject --compose-role-arn needs --aws-account-id and --aws-partition: it asks no EC2 instance',
        )
      }
      if (accounts.containerCredentialsConfigMap !== undefined) {
        if (accounts.kubeconfig === undefined)
          throw new UsageError(
            '--container-credentials-config-map is read from a cluster; give --kubeconfig too, or the list as a file by --container-credentials-config',
          )
        if (accounts.containerCredentialsPath !== undefined)
          throw new UsageError(
            'give --container-credentials-config-map or --container-credentials-config, not both',
          )
      }
      await inject({ inputs: inputs.length > 0 ? inputs : ['-'], output, ...accounts, settings, io })
      return 0
    },
  })
}
