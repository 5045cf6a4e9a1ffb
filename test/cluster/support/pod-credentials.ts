import type { V1Container, V1Pod, V1Volume } from '@kubernetes/client-node'

/** What one method of getting credentials adds to a pod, as facts for tests, written apart from the webhook's code. */
export interface Method {
  readonly volumeName: string
  readonly mountPath: string
  /** Names of the two environment variables: what identifies, and the token's file. */
  readonly identityVariable: string
  readonly tokenFileVariable: string
  readonly tokenPath: string
}

export const WEB_IDENTITY: Method = {
  volumeName: 'aws-iam-token',
  mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount',
  identityVariable: 'AWS_ROLE_ARN',
  tokenFileVariable: 'AWS_WEB_IDENTITY_TOKEN_FILE',
  tokenPath: 'token',
}

export const CONTAINER_CREDENTIALS: Method = {
  volumeName: 'eks-pod-identity-token',
  mountPath: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount',
  identityVariable: 'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  tokenFileVariable: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  tokenPath: 'eks-pod-identity-token',
}

/**
 * The role or URI that every container of a pod, init containers and sidecars included, has all it takes to use:
 * both variables, the mount and the volume. `undefined` where any of it is missing or containers differ.
 */
export function findIdentity(pod: V1Pod, method: Method): string | undefined {
  if (findTokenSource(pod, method) === undefined) return undefined
  const identities = new Set(listContainers(pod).map((container) => findContainerIdentity(container, method)))
  return identities.size === 1 ? [...identities][0] : undefined
}

/** The token that a pod's volume asks the API server for. */
export function findTokenSource(pod: V1Pod, method: Method) {
  const volume = pod.spec?.volumes?.find(({ name }) => name === method.volumeName)
  return volume?.projected?.sources?.[0]?.serviceAccountToken
}

/** The pod's spec without anything that a method adds, and without the random name of the API server's own token volume. */
export function removeCredentials(pod: V1Pod, method: Method): unknown {
  const strip = (container: V1Container) => ({
    ...container,
    // An array that only holds what was added did not exist before.
    env: keepIfAny(
      container.env?.filter(
        ({ name }) => name !== method.identityVariable && name !== method.tokenFileVariable,
      ),
    ),
    volumeMounts: keepIfAny(container.volumeMounts?.filter(({ name }) => name !== method.volumeName)),
  })
  const spec = {
    ...pod.spec,
    initContainers: pod.spec?.initContainers?.map(strip),
    containers: pod.spec?.containers.map(strip),
    volumes: pod.spec?.volumes?.filter(({ name }: V1Volume) => name !== method.volumeName),
  }
  return JSON.parse(JSON.stringify(spec).replaceAll(/kube-api-access-\w{5}/g, 'kube-api-access'))
}

function keepIfAny<T>(items: readonly T[] | undefined): readonly T[] | undefined {
  return items?.length === 0 ? undefined : items
}

function listContainers(pod: V1Pod): readonly V1Container[] {
  return [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
}

function findContainerIdentity(container: V1Container, method: Method): string | undefined {
  const findValue = (variable: string) => container.env?.find(({ name }) => name === variable)?.value
  const mount = container.volumeMounts?.find(({ name }) => name === method.volumeName)
  const isMounted = mount?.mountPath === method.mountPath && mount.readOnly === true
  const isTokenThere = findValue(method.tokenFileVariable) === `${method.mountPath}/${method.tokenPath}`
  return isMounted && isTokenThere ? findValue(method.identityVariable) : undefined
}
