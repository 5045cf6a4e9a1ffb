import { type PluginLimits, type PluginResult, runPlugin } from '../../src/ecr/plugin/plugin.ts'
import { type EcrServer, STATIC_CREDENTIALS } from './ecr-server.ts'
import { withEnvironment } from './process-environment.ts'

/** A kubelet's request for a private image, with `changes`. */
export function writeRequest(changes: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    kind: 'CredentialProviderRequest',
    apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
    image: '111122223333.dkr.ecr.eu-central-1.amazonaws.com/app:1',
    ...changes,
  })
}

/** The environment that leads the AWS SDK to a test server, and to no file or service of this machine. */
export function buildEnvironment(server: EcrServer): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: server.url,
    AWS_ACCESS_KEY_ID: STATIC_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: STATIC_CREDENTIALS.secretAccessKey,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  }
}

export interface PluginRun {
  readonly stdin?: AsyncIterable<string | Uint8Array>
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly roleArnAnnotations?: readonly string[]
  readonly now?: () => Date
  readonly limits?: PluginLimits
}

/** Runs the plugin in this process. The AWS SDK sees `env` too, for as long as that takes. */
export async function runPluginOnce(request: string, run: PluginRun): Promise<PluginResult> {
  const { env = {}, roleArnAnnotations = [], now = () => new Date(), limits, stdin } = run
  const rolesAnywhere = {
    trustAnchorArn: undefined,
    profileArn: undefined,
    roleArn: undefined,
    certificatePath: undefined,
    privateKeyPath: undefined,
    intermediatesPath: undefined,
  }
  return await withEnvironment(env, () =>
    runPlugin(
      { roleArnAnnotations, rolesAnywhere },
      {
        stdin:
          stdin ??
          (async function* () {
            yield Buffer.from(request)
          })(),
        env,
        now,
        userAgent: 'ecr-credential-provider/test',
        ...(limits === undefined ? {} : { limits }),
      },
    ),
  )
}
