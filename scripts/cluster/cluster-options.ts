import { POLICY_INJECTION_FLAGS } from '../../src/cli/pod-identity-webhook/flags/policy-flags.ts'
import { splitArguments } from './argument-list.ts'
import { ClusterError } from './cluster-error.ts'
import { type ImageReference, parseImageReference } from './image-reference.ts'

/** Where the serving certificate comes from: also the names of the overlays. */
export const CERTIFICATE_MODES = ['self-managed', 'cert-manager'] as const

export type CertificateMode = (typeof CERTIFICATE_MODES)[number]

/** What is deployed: the webhook with its components, or the policies of the API server alone. */
export type DeployMode = 'webhook' | 'policy'

/** Reads MODE. Throws ClusterError for a value that cannot be. */
export function readDeployMode(env: Environment): DeployMode {
  const text = env['MODE'] || 'webhook'
  if (text !== 'webhook' && text !== 'policy')
    throw new ClusterError(
      `MODE=${text}: give webhook or policy; COMPONENTS=policy puts policies beneath the webhook`,
      2,
    )
  const stray = ['IMAGE', 'CERTS', 'COMPONENTS', 'ARGS'].find((name) => text === 'policy' && env[name])
  if (stray === undefined) return text
  throw new ClusterError(
    `${stray}: MODE=policy deploys the policies as they are; for others apply what pod-identity-webhook policy prints`,
    2,
  )
}

/** What both commands are told by the variables of make. */
export interface ClusterOptions {
  readonly kubectlCommand: string
  readonly namespace: string
  readonly isWaiting: boolean
  readonly timeoutSeconds: number
}

/** What `cluster-up` is told beside that. */
export interface ClusterUpOptions extends ClusterOptions {
  readonly image: ImageReference
  readonly certificateMode: CertificateMode | 'auto'
  readonly components: readonly string[]
  /** Flags of the program, put after those of the manifests. */
  readonly args: readonly string[]
}

type Environment = Readonly<Record<string, string | undefined>>

const DEFAULT_NAMESPACE = 'eks'
const DEFAULT_TIMEOUT_SECONDS = 180

/** Reads what both commands take. Throws ClusterError for a value that cannot be. */
export function readClusterOptions(env: Environment): ClusterOptions {
  const namespace = env['NAMESPACE'] || DEFAULT_NAMESPACE
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(namespace)) {
    throw new ClusterError(
      `NAMESPACE=${namespace}: a name has up to 63 lower-case letters, digits and dashes`,
      2,
    )
  }
  const wait = env['WAIT'] || 'yes'
  if (wait !== 'yes' && wait !== 'no') throw new ClusterError(`WAIT=${wait}: give yes or no`, 2)
  const timeout = env['TIMEOUT'] || `${DEFAULT_TIMEOUT_SECONDS}`
  if (!/^[1-9]\d{0,4}s?$/.test(timeout)) throw new ClusterError(`TIMEOUT=${timeout}: give seconds`, 2)
  return {
    kubectlCommand: env['KUBECTL'] || 'kubectl',
    namespace,
    isWaiting: wait === 'yes',
    timeoutSeconds: Number.parseInt(timeout, 10),
  }
}

/** Reads what `cluster-up` takes. Throws ClusterError for what is missing or cannot be. */
export function readClusterUpOptions(env: Environment, knownComponents: readonly string[]): ClusterUpOptions {
  const components = readComponents(env['COMPONENTS'] ?? '', knownComponents)
  const args = readArguments(env['ARGS'] ?? '')
  if (components.includes('policy')) checkPolicyArguments(args)
  return {
    ...readClusterOptions(env),
    image: readImage(env['IMAGE']),
    certificateMode: readCertificateMode(env['CERTS'] || 'auto'),
    components,
    args,
  }
}

/** The shipped policies are those of the flags' defaults: others would give pods something else than the webhook does. */
function checkPolicyArguments(args: readonly string[]): void {
  const names = Object.values(POLICY_INJECTION_FLAGS.flags).map(({ name }) => name as string)
  const other = args.find((arg) => names.includes(arg.replace(/^--?/, '').replace(/=.*/s, '')))
  if (other === undefined) return
  const name = other.replace(/=.*/s, '')
  throw new ClusterError(
    `ARGS: the component policy is made without ${name}: leave it out of COMPONENTS, and apply what pod-identity-webhook policy ${name}=… prints`,
    2,
  )
}

function readImage(text: string | undefined): ImageReference {
  if (!text)
    throw new ClusterError('IMAGE is missing: make cluster-up IMAGE=registry/pod-identity-webhook:1.2.3', 2)
  const image = parseImageReference(text)
  if (image === undefined) throw new ClusterError(`IMAGE=${text}: no image; write registry/name:tag`, 2)
  return image
}

function readCertificateMode(text: string): CertificateMode | 'auto' {
  const mode = (['auto', ...CERTIFICATE_MODES] as const).find((known) => known === text)
  if (mode === undefined)
    throw new ClusterError(`CERTS=${text}: give auto, ${CERTIFICATE_MODES.join(' or ')}`, 2)
  return mode
}

function readComponents(text: string, known: readonly string[]): readonly string[] {
  const wanted = [...new Set(text.split(/[\s,]+/).filter((name) => name !== ''))]
  const unknown = wanted.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new ClusterError(`COMPONENTS: there is no ${unknown}; there are ${known.join(', ')}`, 2)
  }
  return wanted
}

function readArguments(text: string): readonly string[] {
  const args = splitArguments(text)
  if (args === undefined) throw new ClusterError('ARGS: a quote has no end', 2)
  const stray = args.find((arg) => !arg.startsWith('-'))
  if (stray !== undefined) throw new ClusterError(`ARGS: ${stray} is no flag; write --name=value`, 2)
  return args
}
