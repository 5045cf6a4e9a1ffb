import type { Identity } from '../identity/decide.ts'
import type { MutationSettings, TokenMount } from '../identity/settings.ts'
import type { Volume } from './pod.ts'

/** Where the token of an identity's method is mounted. */
export function tokenMountOf(identity: Identity, settings: MutationSettings): TokenMount {
  return identity.method === 'web_identity' ? settings.webIdentity : settings.containerCredentials
}

/** The projected service account token volume of an identity, as it goes into `spec.volumes`. */
export function buildTokenVolume(identity: Identity, settings: MutationSettings): Volume {
  const mount = tokenMountOf(identity, settings)
  return {
    name: mount.volumeName,
    projected: {
      sources: [
        {
          serviceAccountToken: {
            audience:
              identity.method === 'web_identity' ? identity.audience : settings.containerCredentials.audience,
            expirationSeconds: identity.tokenExpirationSeconds,
            path: mount.tokenPath,
          },
        },
      ],
    },
  }
}

/** What a volume asks the API server for: the first service account token that it projects. */
interface TokenRequest {
  readonly path?: unknown
  readonly audience?: unknown
  readonly expirationSeconds?: unknown
}

/** Whether a volume of the token volume's name is one: it projects a service account token to the same path. */
export function isTokenVolume(volume: Volume, mount: TokenMount): boolean {
  return listTokens(volume).some(({ path }) => path === mount.tokenPath)
}

/** What a token volume asks for; `undefined` where it projects no service account token. */
export function readToken(volume: Volume): TokenRequest | undefined {
  return listTokens(volume)[0]
}

function listTokens({ projected }: Volume): readonly TokenRequest[] {
  return (projected?.sources ?? [])
    .map(({ serviceAccountToken }) => serviceAccountToken)
    .filter((token) => typeof token === 'object' && token !== null)
}

/** The path of the token file as the SDKs of the pod's operating system read it. */
export function tokenFilePath(mount: TokenMount, options: { readonly isWindows: boolean }): string {
  const path = `${mount.mountPath}/${mount.tokenPath}`.replaceAll(/\/{2,}/g, '/')
  return options.isWindows ? `C:${path.replaceAll('/', '\\')}` : path
}

/** A path of a mount as paths are compared: `/data/` is `/data`. */
export function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

/** All spellings of a mount's path that count as the same. */
export function listSpellings(mountPath: string): readonly string[] {
  const path = withoutTrailingSlash(mountPath)
  return [path, `${path}/`].filter((spelling) => withoutTrailingSlash(spelling) === path)
}
