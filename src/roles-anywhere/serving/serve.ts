import { createSession, type SessionOptions, type SessionSurroundings } from '../create-session.ts'
import { createSessionKeeper, type KeeperTiming, SYSTEM_KEEPER_TIMING } from '../session-keeper.ts'
import { readRole } from '../session-target.ts'
import { provideAuthorizationToken } from './authorization-token.ts'
import { CONTAINER_CREDENTIALS_PATH, createContainerEndpoint } from './container-endpoint.ts'
import { listenOnLoopback } from './loopback-server.ts'
import { createMetadataEndpoint } from './metadata-endpoint.ts'
import { createMetadataTokens } from './metadata-tokens.ts'

/** How SDKs are to find the credentials. */
export type ServingForm =
  | { readonly kind: 'container'; readonly authorizationTokenPath: string }
  | { readonly kind: 'metadata' }

export interface ServingOptions {
  readonly session: SessionOptions
  readonly form: ServingForm
  /** 0 for any that is free. */
  readonly port: number
  /** 127.0.0.1 where absent. */
  readonly bindAddress?: string
  /** Values of the Host header that are answered beside loopback's. */
  readonly allowedHosts?: readonly string[]
}

/** What serving needs of the process that it runs in. */
export interface ServingSurroundings extends SessionSurroundings {
  /** Told the variables that lead SDKs to the server, `NAME=value`, once it is ready. */
  readonly announce: (variables: readonly string[]) => void
  /** Told of new sessions and of failures; no secrets. */
  readonly log: (line: string) => void
  /** Ends serving. */
  readonly stop: AbortSignal
  /** When sessions are renewed; real time where absent. */
  readonly timing?: KeeperTiming
}

/** The addresses of EC2 instance metadata, which a node's firewall may redirect here. */
const METADATA_HOSTS = ['169.254.169.254', '[fd00:ec2::254]']

/**
 * Serves credentials on loopback until `stop`. Rejects with a RolesAnywhereError where the first session cannot be had
 * or the port is taken.
 */
export async function serveCredentials(
  options: ServingOptions,
  surroundings: ServingSurroundings,
): Promise<void> {
  const { log, announce, now, stop, timing = SYSTEM_KEEPER_TIMING } = surroundings
  const keeper = createSessionKeeper(() => createSession(options.session, surroundings), timing, {
    onSession: ({ expiration }) => log(`a session until ${expiration}`),
    onFailure: (error) => log(`no new session: ${error instanceof Error ? error.message : String(error)}`),
  })
  const { endpoint, nameVariables } = await prepareEndpoint(options, () => keeper.get(), now)
  await keeper.get()
  const { port, form, bindAddress, allowedHosts = [] } = options
  const others = form.kind === 'metadata' ? [...METADATA_HOSTS, ...allowedHosts] : allowedHosts
  const server = await listenOnLoopback(port, endpoint, {
    ...(bindAddress !== undefined && { address: bindAddress }),
    allowedHosts: others.map((host) => host.toLowerCase()),
  })
  announce(nameVariables(server.port))
  await new Promise<void>((resolve) => {
    if (stop.aborted) resolve()
    stop.addEventListener('abort', () => resolve(), { once: true })
  })
  keeper.close()
  await server.close()
}

async function prepareEndpoint(
  { form, session }: ServingOptions,
  getSession: ReturnType<typeof createSessionKeeper>['get'],
  now: () => Date,
) {
  const { accountId, roleName } = readRole(session.request.roleArn)
  if (form.kind === 'metadata') {
    const tokens = createMetadataTokens(now)
    return {
      endpoint: createMetadataEndpoint({ tokens, roleName, getSession }),
      nameVariables: (port: number) => [`AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:${port}/`],
    }
  }
  const token = await provideAuthorizationToken(form.authorizationTokenPath)
  return {
    endpoint: createContainerEndpoint({ token, accountId, getSession }),
    nameVariables: (port: number) => [
      `AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:${port}${CONTAINER_CREDENTIALS_PATH}`,
      `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=${form.authorizationTokenPath}`,
    ],
  }
}
