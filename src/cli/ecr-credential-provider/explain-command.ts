import { describeSecret } from '../../text/secret-text.ts'
import { type Command, defineCommand } from '../engine/command.ts'
import { readCommandLine } from '../engine/command-line.ts'
import type { FlagGroup } from '../engine/flag-table.ts'
import { UsageError } from '../engine/usage-error.ts'
import { keepKnownArguments } from './known-arguments.ts'
import { createPluginReader } from './plugin-reader.ts'
import { SOURCE_GROUPS, toSourceSettings } from './source-flags.ts'

const CONFIG_FLAGS = {
  title: "The kubelet's configuration",
  flags: {
    configPath: {
      kind: 'string',
      name: 'config',
      placeholder: 'FILE|DIR',
      help: 'What --image-credential-provider-config names. Without it only the plugin is explained.',
    },
  },
} as const satisfies FlagGroup

/** Makes the `explain` command. */
export function createExplainCommand(environmentPrefix: string): Command {
  return defineCommand({
    name: 'explain',
    summary: 'Tell how an image would get its credentials, without calling anything',
    groups: { config: CONFIG_FLAGS, ...SOURCE_GROUPS },
    operandRule: { placeholder: 'IMAGE', isRepeatable: false },
    examples: [
      {
        purpose: 'which provider answers, from where',
        line: 'ecr-credential-provider explain --config /etc/kubernetes/credential-providers.yaml 111122223333.dkr.ecr.eu-central-1.amazonaws.com/app',
      },
    ],
    async run({ config, ...source }, io, [image = '']) {
      const secret = describeSecret(image)
      if (secret !== undefined) throw new UsageError(`IMAGE is ${secret}; give the name of an image`)
      const [{ explainImage }, { readConfigFiles }, { readProviders }, { lintFiles }] = await Promise.all([
        import('../../ecr/explain.ts'),
        import('../../ecr/config-files.ts'),
        import('../../ecr/configured-providers.ts'),
        import('../../ecr/lint/lint.ts'),
      ])
      const files = config.configPath === undefined ? undefined : await readConfigFiles(config.configPath)
      const errors = lintFiles(
        files === undefined ? [] : [files],
        createPluginReader(environmentPrefix),
      ).filter(({ severity }) => severity === 'error')
      const { lines, isMatched } = await explainImage(image, files && readProviders(files), {
        env: io.env,
        readSettings(args, variables) {
          if (files === undefined) return toSourceSettings(source)
          const known = keepKnownArguments(SOURCE_GROUPS, args)
          const line = readCommandLine(SOURCE_GROUPS, known, { prefix: environmentPrefix, variables })
          if (line.kind === 'run') return toSourceSettings(line.values)
          throw new UsageError(`the provider's args have --${line.kind}, so the plugin gives no credentials`)
        },
      })
      io.stdout.write(`${lines.join('\n')}\n`)
      if (errors.length === 0) return isMatched ? 0 : 1
      const count = errors.length === 1 ? 'an error' : `${errors.length} errors`
      io.stderr.write(
        `ecr-credential-provider: the kubelet refuses this configuration for ${count}, which ecr-credential-provider lint ${config.configPath} tells\n`,
      )
      return 1
    },
  })
}
