// Not the package's main module: that one costs 86 MB of memory once loaded, and 7 MB of a bundle in any case.
import { ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js'
import type { ApiTls } from './api-connection.ts'
import { ApiConfigurationError, describeError } from './api-error.ts'
import type { Credentials } from './credentials.ts'
import type { KubeconfigUser } from './kubeconfig-user.ts'

/** What ExecAuth fills in: of a request's options, those that identify whoever asks. */
interface Identification {
  cert?: string
  key?: string
  headers?: Readonly<Record<string, string>>
}

/**
 * Credentials that a program of the kubeconfig makes; it is run now, and again when what it made has expired. A client
 * certificate is taken from its first run.
 */
export async function loadPluginConnection(
  name: string,
  user: KubeconfigUser,
): Promise<{ readonly tls: Pick<ApiTls, 'cert' | 'key'>; readonly credentials: Credentials }> {
  if (user.exec === undefined) {
    throw new ApiConfigurationError(
      `kubeconfig user ${name} has an auth-provider, which Kubernetes gave up in 1.26: use an exec plugin or a token`,
    )
  }
  const plugin = new ExecAuth()
  const identify = async () => {
    const identification: Identification = {}
    try {
      await plugin.applyAuthentication({ name, exec: user.exec }, identification)
    } catch (error) {
      // JSON.parse quotes what it cannot read, and that may be half a token.
      const cause = error instanceof SyntaxError ? 'it printed no JSON' : describeError(error)
      throw new ApiConfigurationError(`the credential plugin of kubeconfig user ${name} failed: ${cause}`)
    }
    return identification
  }
  const { cert, key } = await identify()
  return {
    tls: { ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) },
    credentials: {
      readAuthorization: async () => (await identify()).headers?.['Authorization'],
      // The library keeps what the plugin made until it expires and offers no way to drop it sooner.
      invalidate: () => {},
    },
  }
}
