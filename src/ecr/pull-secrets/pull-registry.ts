import type { ServicePlace } from '../../aws/calls/service-endpoint.ts'
import { ProviderError } from '../plugin/provider-error.ts'
import { PUBLIC_REGION, readRegistry } from '../registry/registry.ts'

/** A registry that pull secrets have a password for. */
export interface PullRegistry {
  /** As images are written: `111122223333.dkr.ecr.eu-central-1.amazonaws.com`. */
  readonly host: string
  readonly kind: 'private' | 'public'
  /** Where its service is called. */
  readonly place: ServicePlace
  /** Taken first, where one is named. */
  readonly roleArn: string | undefined
}

const ROLE_ARN = /^arn:aws[a-z0-9-]*:iam::\d{12}:role\/[\w/.@+=,-]+$/

/**
 * Reads HOST or HOST=ROLE_ARN. Throws a {@link ProviderError} for what is no registry of ECR: kubelets send passwords to
 * the host that they stand for.
 */
export function parsePullRegistry(text: string): PullRegistry {
  const [, host = '', roleArn] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? []
  const registry = readRegistry(host)
  if (registry.kind === 'mirror' || registry.host !== host)
    throw new ProviderError(
      'it takes a host such as 111122223333.dkr.ecr.eu-central-1.amazonaws.com or public.ecr.aws, without a repository',
    )
  if (roleArn !== undefined && !ROLE_ARN.test(roleArn))
    throw new ProviderError('what follows the = is not the ARN of a role')
  const place =
    registry.kind === 'private'
      ? { region: registry.region, variant: registry.variant }
      : { region: PUBLIC_REGION, variant: { isFips: false, isDualStack: false } }
  return { host, kind: registry.kind, place, roleArn }
}
