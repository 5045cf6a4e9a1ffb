import { describeSecret } from '../../text/secret-text.ts'
import type { LabelSelector } from '../../webhook/policy/label-selector.ts'
import { parseLabelSelector } from '../../webhook/policy/label-selector.ts'
import type { PolicyOptions } from '../../webhook/write-policy.ts'
import { type Command, defineCommand } from '../engine/command.ts'
import { UsageError } from '../engine/usage-error.ts'
import {
  POLICY_FLAGS,
  POLICY_INJECTION_FLAGS,
  REFUSED_CLUSTER_FLAGS,
  REFUSED_CREDENTIALS_FLAGS,
  REFUSED_MAPPING_FLAGS,
} from './flags/policy-flags.ts'
import { toMutationSettings } from './mutation-settings.ts'

/** Makes the `policy` command; `writePolicy` gives what is printed. */
export function createPolicyCommand(writePolicy: (options: PolicyOptions) => Promise<string>): Command {
  return defineCommand({
    name: 'policy',
    summary: 'Print admission policies by which the API server injects credentials itself, without a webhook',
    groups: {
      policy: POLICY_FLAGS,
      injection: POLICY_INJECTION_FLAGS,
      credentials: REFUSED_CREDENTIALS_FLAGS,
      mappings: REFUSED_MAPPING_FLAGS,
      cluster: REFUSED_CLUSTER_FLAGS,
    },
    examples: [
      {
        purpose: 'install it, on Kubernetes 1.36 or newer',
        line: 'pod-identity-webhook policy | kubectl apply -f -',
      },
      {
        purpose: 'in namespaces of many ServiceAccounts: look at those alone that have a role',
        line: 'pod-identity-webhook policy --account-selector=eks.amazonaws.com/pod-identity-account=true',
      },
      {
        purpose: 'with the mappings of a ConfigMap in it',
        line: 'pod-identity-webhook policy --manifests=config-map.yaml --namespace=eks',
      },
    ],
    async run({ policy, injection, credentials }, io) {
      refuseSecrets([policy.accountSelector, injection.tokenAudience, injection.awsDefaultRegion])
      const mutation = toMutationSettings({ ...injection, ...credentials })
      if (injection.isRoleArnComposed && mutation.roleArnParts === undefined)
        throw new UsageError(
          'policy --compose-role-arn needs --aws-account-id and --aws-partition: it asks no EC2 instance',
        )
      const { output, manifests, namespace, apiVersion, hasDebugContainers } = policy
      const accountSelector = readSelector(policy.accountSelector)
      const settings = { mutation, accountSelector, hasDebugContainers, apiVersion }
      io.stdout.write(await writePolicy({ settings, manifests, namespace, output }))
      return 0
    },
  })
}

/** What is printed is read by everybody, and a secret would be printed with it. */
function refuseSecrets(values: readonly (string | undefined)[]): void {
  const [kind] = values.map((value) => value && describeSecret(value)).filter(Boolean)
  if (kind) throw new UsageError(`a flag has ${kind} as its value, which the policy would show to everybody`)
}

function readSelector(text: string | undefined): LabelSelector | undefined {
  if (text === undefined) return undefined
  const selector = parseLabelSelector(text)
  if (selector !== undefined) return selector
  throw new UsageError(
    '--account-selector is no selector of labels; it takes what kubectl -l takes, such as team=shop,tier in (a,b)',
  )
}
