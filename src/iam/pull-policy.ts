import { GetRolePolicyCommand, type IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam'
import { callAws } from '../aws/call-failure.ts'
import type { Step } from '../aws/step.ts'
import { toUndefined } from './missing-entity.ts'
import type { PullSource } from './pull-source.ts'

/** The name of the role's inline policy. */
const POLICY_NAME = 'ecr-pull'

/** What pulling takes: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-pull.html. */
const PULL_ACTIONS = ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer']

/** A role, and what calls IAM. */
interface Target {
  readonly iam: IAMClient
  readonly name: string
  readonly arn: string
}

/**
 * Finds whether the role's inline policy lacks one of the repositories; those that it has stay. Rejects in one line, also
 * where the policy of that name is not as it is written here: it is somebody else's.
 */
export async function planPullPolicy(
  target: Target,
  { sources, isNewRole }: { readonly sources: readonly PullSource[]; readonly isNewRole: boolean },
): Promise<readonly Step[]> {
  if (sources.length === 0) return []
  const [, partition = 'aws'] = target.arn.split(':')
  const wanted = sources.map(
    ({ accountId, repository }) => `arn:${partition}:ecr:*:${accountId}:repository/${repository}`,
  )
  const kept = isNewRole ? [] : await readResources(target)
  const added = wanted.filter((resource) => !kept.includes(resource))
  return added.length === 0 ? [] : [putPolicy(target, { kept, added, wanted })]
}

function putPolicy(
  target: Target,
  { kept, added, wanted }: Readonly<Record<'kept' | 'added' | 'wanted', readonly string[]>>,
): Step {
  const { iam, name, arn } = target
  const write = (present: readonly string[]) =>
    JSON.stringify(buildPolicy([...new Set([...present, ...wanted])]), undefined, 2)
  return {
    action: 'update',
    resource: arn,
    detail: `policy ${POLICY_NAME} lets it pull from ${added.join(', ')}`,
    commands: [
      {
        args: [
          ...['aws', 'iam', 'put-role-policy', '--role-name', name, '--policy-name', POLICY_NAME],
          ...['--policy-document', 'file:///dev/stdin'],
        ],
        stdin: write(kept),
      },
    ],
    async apply() {
      // What another one added since the plan is read here.
      const document = write(await readResources(target))
      await callAws({ action: 'iam:PutRolePolicy', resource: arn }, () =>
        iam.send(
          new PutRolePolicyCommand({ RoleName: name, PolicyName: POLICY_NAME, PolicyDocument: document }),
        ),
      )
    },
  }
}

function buildPolicy(resources: readonly string[]) {
  return {
    Version: '2012-10-17',
    Statement: [
      { Sid: 'ECRPull', Effect: 'Allow', Action: PULL_ACTIONS, Resource: resources },
      { Sid: 'ECRLogin', Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
    ],
  }
}

/** The repositories that the policy names already. */
async function readResources({ iam, name, arn }: Target): Promise<readonly string[]> {
  const call = { action: 'iam:GetRolePolicy', resource: arn }
  const send = () => iam.send(new GetRolePolicyCommand({ RoleName: name, PolicyName: POLICY_NAME }))
  const document = (await callAws(call, send).catch(toUndefined))?.PolicyDocument
  if (document === undefined) return []
  const resources = findResources(document.startsWith('%') ? decodeURIComponent(document) : document)
  if (resources !== undefined) return resources
  throw new Error(
    `${arn} has a policy ${POLICY_NAME} of another form, which is left as it is: add the repositories to it by hand, or delete it`,
  )
}

function findResources(text: string): readonly string[] | undefined {
  try {
    const policy = JSON.parse(text)
    const resources: unknown = policy.Statement[0].Resource
    if (!Array.isArray(resources)) return undefined
    return JSON.stringify(buildPolicy(resources)) === JSON.stringify(policy)
      ? resources.map(String)
      : undefined
  } catch {
    return undefined
  }
}
