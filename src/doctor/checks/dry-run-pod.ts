import type { V1Pod } from '@kubernetes/client-node'
import { fail, pass, skip, type Verdict } from '../../checks/verdict.ts'
import { ApiError } from '../../kubernetes/api-error.ts'
import type { CheckContext, ServiceAccountName } from '../check.ts'
import type { ClusterReader } from '../cluster-reader.ts'

const ROLE_ANNOTATION = /\/role-arn$/

/** A method, and the variables that show it. */
const VARIABLES = [
  ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE'],
  ['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'],
] as const

/** Whether a pod gets its credentials: one is created as a dry run, which goes the whole way and leaves nothing. */
export async function checkDryRunPod({ reader, serviceAccount }: CheckContext): Promise<Verdict> {
  const account = serviceAccount ?? (await findAnnotatedAccount(reader))
  if (account === undefined)
    return skip(
      'no ServiceAccount is annotated with a role',
      'annotate one, or give --service-account NAMESPACE/NAME',
    )
  const name = `${account.namespace}/${account.name}`
  try {
    const pod = await reader.create<V1Pod>(
      `/api/v1/namespaces/${account.namespace}/pods`,
      describePod(account),
      true,
    )
    const env = pod.spec?.containers[0]?.env ?? []
    const found = VARIABLES.find((names) =>
      names.every((variable) => env.some((each) => each.name === variable)),
    )
    if (found === undefined)
      return fail({
        message: `a pod of ServiceAccount ${name} would start without credentials`,
        hint: 'the checks above say why; if none does, see selectors of the webhook configuration, and the API server’s log for "failed calling webhook"',
      })
    const role = env.find(({ name: variable }) => variable === 'AWS_ROLE_ARN')?.value
    return pass(`a pod of ServiceAccount ${name} would get ${role ?? 'container credentials'}`)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return fail({
      message: `a pod of ServiceAccount ${name} is refused: ${error.message}`,
      hint: error.status === 404 ? 'correct --service-account' : '',
    })
  }
}

async function findAnnotatedAccount(reader: ClusterReader): Promise<ServiceAccountName | undefined> {
  interface Account {
    readonly metadata: ServiceAccountName & { readonly annotations?: Readonly<Record<string, string>> }
  }
  for await (const page of reader.listPages<Account>('serviceaccounts', '', { isMetadataOnly: true })) {
    const found = page.find(({ metadata }) =>
      Object.entries(metadata.annotations ?? {}).some(
        ([key, value]) => ROLE_ANNOTATION.test(key) && value !== '',
      ),
    )
    if (found !== undefined) return { namespace: found.metadata.namespace, name: found.metadata.name }
  }
  return undefined
}

/** A pod that Pod Security's strictest level takes. */
function describePod({ namespace, name }: ServiceAccountName) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'pod-identity-doctor-', namespace },
    spec: {
      serviceAccountName: name,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'app',
          image: 'pod-identity-doctor.invalid/never-pulled',
          resources: { requests: { cpu: '1m', memory: '1Mi' }, limits: { cpu: '1m', memory: '1Mi' } },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  }
}
