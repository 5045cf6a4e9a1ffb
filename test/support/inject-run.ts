import { type InjectOptions, inject } from '../../src/webhook/inject.ts'
import { DEFAULT_SETTINGS } from './mutation-settings.ts'

/** Runs `inject` over a text on standard input; `error` is the message where it rejects. */
export async function runInject(
  stdin: string,
  options: Partial<InjectOptions> & { readonly isTTY?: boolean; readonly env?: Record<string, string> } = {},
): Promise<{ readonly stdout: string; readonly stderr: string; readonly error: string | undefined }> {
  const written = { stdout: '', stderr: '' }
  async function* read() {
    const bytes = Buffer.from(stdin)
    // In chunks that cut characters of many bytes.
    for (let offset = 0; offset < bytes.length; offset += 1021) yield bytes.subarray(offset, offset + 1021)
  }
  const error = await inject({
    inputs: ['-'],
    manifests: [],
    output: 'yaml',
    kubeconfig: undefined,
    namespace: 'eks',
    isConfigMapWatched: true,
    containerCredentialsPath: undefined,
    containerCredentialsConfigMap: undefined,
    settings: DEFAULT_SETTINGS,
    ...options,
    io: {
      stdin: read(),
      stdout: {
        write: (text) => {
          written.stdout += text
        },
        isTTY: options.isTTY ?? false,
      },
      stderr: {
        write: (text) => {
          written.stderr += text
        },
      },
      env: options.env ?? {},
    },
  }).then(
    () => undefined,
    (reason: Error) => reason.message,
  )
  return { ...written, error }
}

/** A ServiceAccount with a role, as a YAML document. */
export function accountManifest(name = 'cart', namespace = 'shop'): string {
  return `apiVersion: v1
kind: ServiceAccount
metadata:
  name: ${name}
  namespace: ${namespace}
  annotations:
    eks.amazonaws.com/role-arn: arn:aws:iam::111122223333:role/${name}
`
}
