import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { ExplainedPod, ExplainStep } from '../../../audit/explain.ts'
import type { CheckResult } from '../../../checks/verdict.ts'
import type { ClusterReader } from '../../../doctor/cluster-reader.ts'
import { type Command, type CommandIo, defineCommand } from '../../engine/command.ts'
import type { FlagGroup } from '../../engine/flag-table.ts'
import { UsageError } from '../../engine/usage-error.ts'
import { reportChecks } from '../checks/check-report.ts'
import { CLUSTER_FLAGS } from '../flags/cluster-flags.ts'
import { FILE_PATH } from '../flags/text-rules.ts'
import { NAMESPACE_FLAG } from './target-flags.ts'
import { UNREAD_EXIT_CODE, withReader } from './unread.ts'
import { readWebhookSettings } from './webhook-flags.ts'

const EXPLAIN_FLAGS = {
  title: 'What to explain',
  flags: {
    namespace: { ...NAMESPACE_FLAG, default: 'default', help: 'Namespace of the pod or its owner.' },
    path: {
      kind: 'string',
      name: 'filename',
      short: 'f',
      placeholder: 'FILE',
      accepts: FILE_PATH,
      help: 'Explain the first pod, or template of pods, of this file of YAML or JSON, in place of one in the cluster; - is standard input.',
    },
    isAwsAsked: {
      kind: 'boolean',
      name: 'aws',
      help: 'Look the role up in IAM too: whether it exists and trusts the ServiceAccount. Takes AWS credentials with iam:GetRole.',
    },
    output: {
      kind: 'enum',
      name: 'output',
      short: 'o',
      values: ['text', 'json'],
      default: 'text',
      help: 'Form of the story on stdout: a line for each step, or one JSON object.',
    },
  },
} as const satisfies FlagGroup

/** The longest name of a step. */
const ID_WIDTH = 15

/** Makes the `explain` command. */
export function createExplainCommand(): Command {
  return defineCommand({
    name: 'explain',
    summary: 'Tell the whole story of one pod: why it has its credentials, or has none',
    operandRule: { placeholder: 'POD|deploy/NAME', isRepeatable: false, isOptional: true, completes: 'pod' },
    groups: { what: EXPLAIN_FLAGS, cluster: CLUSTER_FLAGS },
    examples: [
      { purpose: 'a pod', line: 'pod-identity-webhook explain cart-0 -n shop' },
      { purpose: 'a Deployment', line: 'pod-identity-webhook explain deploy/cart -n shop' },
      { purpose: 'before it is applied', line: 'pod-identity-webhook explain -f deployment.yaml' },
    ],
    async run({ what, cluster }, io, [target]) {
      if ((target === undefined) === (what.path === undefined))
        throw new UsageError('give POD, deploy/NAME, or -f FILE, and one of them alone')
      return await withReader(io, cluster, async (reader) => {
        const { explainPod } = await import('../../../audit/explain.ts')
        const explained = await findExplained(reader, what.namespace, { target, path: what.path }, io)
        const { namespace, name } = explained.pod.metadata
        const report = { output: what.output, idWidth: ID_WIDTH, about: { namespace, pod: name } }
        const results = await reportChecks<CheckResult<ExplainStep>>(io, report, (audience) =>
          explainPod(reader, explained, readWebhookSettings, {
            ...audience,
            awsEnv: what.isAwsAsked ? io.env : undefined,
          }),
        )
        if (results.some(({ status }) => status === 'failed')) return 1
        return results.some(({ status }) => status === 'unread') ? UNREAD_EXIT_CODE : 0
      })
    },
  })
}

async function findExplained(
  reader: ClusterReader,
  namespace: string,
  { target, path }: { readonly target: string | undefined; readonly path: string | undefined },
  io: CommandIo,
): Promise<ExplainedPod> {
  const { findPod, NoSuchObjectError, toPod } = await import('../../../audit/find-pod.ts')
  if (target !== undefined) return await findPod(reader, namespace, target)
  const [{ listObjects, parseDocuments }, { findPodTemplate }] = await Promise.all([
    import('../../../webhook/accounts/manifests/manifest-documents.ts'),
    import('../../../webhook/offline/pod-template.ts'),
  ])
  const name = path === '-' ? 'standard input' : (path ?? '')
  const content = path === '-' ? await text(io.stdin) : await readManifest(name)
  for (const object of listObjects(parseDocuments(name, content))) {
    const template = findPodTemplate(object)
    if (template === undefined) continue
    const metadata = (object.value['metadata'] ?? {}) as {
      readonly name?: string
      readonly namespace?: string
    }
    const place = { namespace: metadata.namespace ?? namespace, name: metadata.name ?? name }
    return { pod: toPod(template.value, place), isLive: false }
  }
  throw new NoSuchObjectError(`${name} has no pod and no template of pods`)
}

async function readManifest(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    throw new UsageError(`--filename: cannot read ${path} (${code})`)
  }
}
