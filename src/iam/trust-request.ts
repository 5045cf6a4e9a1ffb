import type { Issuer } from './issuer-url.ts'

/** Whom a role is to trust: ServiceAccounts of one issuer, with tokens for one audience. */
export interface TrustRequest {
  readonly providerArn: string
  /** Of the issuer: what the keys of conditions begin with. */
  readonly hostPath: string
  /** As tokens name them, or patterns: {@link parseServiceAccount}. */
  readonly subjects: readonly string[]
  /** Without wildcards. */
  readonly audience: string
  /** Whether ServiceAccounts of this issuer that are not named lose their trust. */
  readonly isReplacing: boolean
}

/** An AWS account, and the partition that it is in. */
export interface Account {
  readonly partition: string
  /** Twelve digits. */
  readonly accountId: string
}

/** The ARN of an issuer's OIDC provider in an account. */
export function nameProvider(
  { partition, accountId }: Account,
  { hostPath }: Pick<Issuer, 'hostPath'>,
): string {
  return `arn:${partition}:iam::${accountId}:oidc-provider/${hostPath}`
}

const NAMESPACE = /^(?=.{1,63}$)[a-z0-9*?](?:[-a-z0-9*?]*[a-z0-9*?])?$/
const NAME =
  /^(?=.{1,253}$)[a-z0-9*?](?:[-a-z0-9*?]*[a-z0-9*?])?(?:\.[a-z0-9*?](?:[-a-z0-9*?]*[a-z0-9*?])?)*$/

/**
 * Reads NAMESPACE/NAME, where `*` stands for any characters and `?` for any one, as the subject of tokens;
 * `undefined` where Kubernetes could have no such ServiceAccount.
 */
export function parseServiceAccount(text: string): string | undefined {
  const [namespace = '', name = '', ...rest] = text.split('/')
  const isName = rest.length === 0 && NAMESPACE.test(namespace) && NAME.test(name)
  return isName ? `system:serviceaccount:${namespace}:${name}` : undefined
}

/** Whether IAM's StringLike takes the text as a pattern. */
export function hasWildcard(text: string): boolean {
  return /[*?]/.test(text)
}

/** What about the subjects is unsafe or vain, for people. */
export function findSubjectWarnings(subjects: readonly string[]): readonly string[] {
  return subjects.flatMap((subject) => {
    const [, , namespace = '', name = ''] = subject.split(':')
    if (!/^[*?]+$/.test(namespace)) return []
    return [
      /^[*?]+$/.test(name)
        ? `${namespace}/${name} is every ServiceAccount of the cluster: whoever can run a pod can take the role`
        : `${namespace}/${name} is in every namespace: whoever can make a namespace or a ServiceAccount can take the role`,
    ]
  })
}
