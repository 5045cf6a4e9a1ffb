import { quoteText } from '../../text/quoted-text.ts'
import type { Warning } from '../identity/warnings.ts'
import type { FixedParts } from './fixed-parts.ts'
import type { Container } from './pod.ts'

/**
 * What is wrong with a container whose author set variables or mounts of the identity's method by hand; undefined where its
 * credentials work, as far as can be seen. `isTokenMounted` says whether our volume is there, before or by us.
 */
export function findOwnProblem(
  container: Container,
  parts: FixedParts,
  {
    hasOwnVariables,
    isTokenMounted,
  }: { readonly hasOwnVariables: boolean; readonly isTokenMounted: boolean },
): Warning | undefined {
  const subject = `container ${quoteText(container.name)}`
  const [identityName = '', tokenFileName = ''] = parts.methodNames
  const file = hasOwnVariables ? readVariable(container, tokenFileName) : parts.tokenFile
  if (hasOwnVariables && file === undefined && parts.method === 'web_identity')
    return { code: 'half_configured', subject: `${subject} sets ${identityName} without ${tokenFileName}` }
  if (hasOwnVariables && readVariable(container, identityName) === undefined)
    return { code: 'half_configured', subject: `${subject} sets ${tokenFileName} without ${identityName}` }
  if (typeof file !== 'string' || isUnderMount(file, container)) return undefined
  return isTokenMounted && file === parts.tokenFile && !isMountedElsewhere(container, parts)
    ? undefined
    : { code: 'token_not_mounted', subject: `${subject} mounts nothing at ${quoteText(file)},` }
}

/** Whether the token volume is mounted, but not where variables of ours look for it. */
export function isMountedElsewhere(container: Container, { mount }: FixedParts): boolean {
  const path = withSlash(mount.mountPath)
  const mounts = container.volumeMounts ?? []
  return (
    mounts.some(({ name }) => name === mount.volumeName) &&
    !mounts.some(({ mountPath }) => withSlash(mountPath) === path)
  )
}

/** The value of a variable; null where it comes from elsewhere, undefined where there is none. */
function readVariable(container: Container, name: string): string | null | undefined {
  const variable = container.env?.find((candidate) => candidate.name === name)
  return variable === undefined ? undefined : typeof variable.value === 'string' ? variable.value : null
}

function isUnderMount(file: string, { volumeMounts }: Container): boolean {
  const path = withSlash(file.replace(/^C:/, '').replaceAll('\\', '/'))
  return (volumeMounts ?? []).some(({ mountPath }) =>
    path.startsWith(withSlash(mountPath.replace(/^C:/, '').replaceAll('\\', '/'))),
  )
}

function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`
}
