import { type PullRegistry, parsePullRegistry } from '../../ecr/pull-secrets/pull-registry.ts'
import { quoteText } from '../../text/quoted-text.ts'
import { type Command, defineCommand } from '../engine/command.ts'
import type { FlagGroup } from '../engine/flag-table.ts'
import { UsageError } from '../engine/usage-error.ts'
import { LOGGING_FLAGS } from '../pod-identity-webhook/flags/logging-flags.ts'
import { DNS_LABEL, DNS_SUBDOMAIN, FILE_PATH, HTTP_URL } from '../pod-identity-webhook/flags/text-rules.ts'
import { toLogOptions } from '../pod-identity-webhook/log-options.ts'
import { SOURCE_GROUPS, toSourceSettings } from './source-flags.ts'

const SECRET_FLAGS = {
  title: 'Secrets',
  flags: {
    registries: {
      kind: 'list',
      name: 'registry',
      placeholder: 'HOST[=ROLE_ARN]',
      isCommaSeparated: true,
      help: 'Registry to have a password for, such as 111122223333.dkr.ecr.eu-central-1.amazonaws.com or public.ecr.aws, and the role to take for it. May be repeated: all go into one Secret. Needed.',
    },
    secretName: {
      kind: 'string',
      name: 'secret-name',
      placeholder: 'NAME',
      default: 'ecr-pull-secret',
      accepts: DNS_SUBDOMAIN,
      help: 'Name of the Secret, in each namespace.',
    },
    globs: {
      kind: 'list',
      name: 'namespaces',
      placeholder: 'GLOB',
      isCommaSeparated: true,
      help: 'Namespaces that get the Secret, with * for any characters, beside those with the label pod-identity-webhook.amazonaws.com/ecr-pull-secret=true on them or on one of their ServiceAccounts. May be repeated.',
    },
    areAccountsPatched: {
      kind: 'boolean',
      name: 'patch-service-accounts',
      help: 'Add the Secret to imagePullSecrets of ServiceAccounts with the label, and take it away again when the label goes.',
    },
    isOnce: {
      kind: 'boolean',
      name: 'once',
      help: 'End once all Secrets are as they should be, for a CronJob; exit code 1 where some could not be.',
    },
  },
} as const satisfies FlagGroup

const RUNNING_FLAGS = {
  title: 'Running',
  flags: {
    kubeconfig: {
      kind: 'string',
      name: 'kubeconfig',
      placeholder: 'FILE',
      accepts: FILE_PATH,
      help: "Kubeconfig of the cluster. Without it the pod's own credentials are used.",
    },
    apiServerUrl: {
      kind: 'string',
      name: 'kube-api',
      placeholder: 'URL',
      accepts: HTTP_URL,
      help: 'URL of the API server; wins over the one in --kubeconfig.',
    },
    namespace: {
      kind: 'string',
      name: 'namespace',
      placeholder: 'NAMESPACE',
      default: 'eks',
      accepts: DNS_LABEL,
      help: 'Namespace of the Lease by which one of several replicas writes.',
    },
    metricsPort: {
      kind: 'integer',
      name: 'metrics-port',
      placeholder: 'PORT',
      min: 0,
      max: 65535,
      default: 9999,
      help: 'HTTP port of /metrics, /healthz and /readyz; 0 picks a free one.',
    },
  },
} as const satisfies FlagGroup

/** Patterns of namespaces, as `--namespaces` takes them. */
const GLOB = /^[-a-z0-9*]{1,63}$/

/** Makes the `pull-secrets` command. */
export function createPullSecretsCommand(version: string): Command {
  return defineCommand({
    name: 'pull-secrets',
    summary: 'Keep Secrets with passwords for ECR in namespaces, for nodes that take no plugin',
    groups: {
      secrets: SECRET_FLAGS,
      running: RUNNING_FLAGS,
      logging: LOGGING_FLAGS,
      rolesAnywhere: SOURCE_GROUPS.rolesAnywhere,
    },
    examples: [
      {
        purpose: 'in a pod of the cluster, see deploy/components/ecr-pull-secrets',
        line: 'ecr-credential-provider pull-secrets --registry 111122223333.dkr.ecr.eu-central-1.amazonaws.com --patch-service-accounts',
      },
    ],
    async run({ secrets, running, logging, rolesAnywhere }, io) {
      const wrong = secrets.globs.find((glob) => !GLOB.test(glob))
      if (wrong !== undefined)
        throw new UsageError(
          `--namespaces is ${quoteText(wrong)}; it takes names of namespaces, with * for any characters`,
        )
      const options = {
        version,
        registries: readRegistries(secrets.registries),
        source: toSourceSettings({ tokens: { roleArnAnnotations: [] }, rolesAnywhere }),
        secretName: secrets.secretName,
        globs: secrets.globs,
        areAccountsPatched: secrets.areAccountsPatched,
        isOnce: secrets.isOnce,
        kubeconfigPath: running.kubeconfig,
        apiServerUrl: running.apiServerUrl,
        namespace: running.namespace,
        metricsPort: running.metricsPort,
        log: toLogOptions(logging, { isTerminal: io.stdout.isTTY === true }),
        env: io.env,
      }
      const { keepPullSecrets } = await import('../../ecr/pull-secrets/pull-secrets.ts')
      return await keepPullSecrets(options)
    },
  })
}

function readRegistries(texts: readonly string[]): readonly PullRegistry[] {
  if (texts.length === 0) throw new UsageError('--registry HOST is needed; --help tells more')
  const registries = texts.map((text) => {
    try {
      return parsePullRegistry(text)
    } catch (error) {
      throw new UsageError(`--registry is ${quoteText(text)}: ${(error as Error).message}`)
    }
  })
  const hosts = registries.map(({ host }) => host)
  const twice = hosts.find((host, index) => hosts.indexOf(host) !== index)
  if (twice !== undefined)
    throw new UsageError(`--registry names ${twice} twice; a Secret has one password for a host`)
  return registries
}
