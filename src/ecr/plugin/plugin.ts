import { createTrail } from '../../aws/calls/trail.ts'
import type { Environment } from '../../aws/endpoint.ts'
import { withSharedSettings } from '../../aws/shared-settings.ts'
import type { SourceSettings } from './credential-source.ts'
import { answerRequest } from './get-credentials.ts'
import { ProviderError } from './provider-error.ts'
import { createRedactor } from './redaction.ts'

/** What the plugin needs of the process that it runs in. */
export interface PluginSurroundings {
  readonly stdin: AsyncIterable<string | Uint8Array>
  readonly env: Environment
  now(): Date
  /** Names the program and its version to the services. */
  readonly userAgent: string
  readonly limits?: PluginLimits
}

/** How long to go on. */
export interface PluginLimits {
  /** One request. */
  readonly attemptMs: number
  /** All together: the kubelet kills its plugins after a minute, and then nobody knows why. */
  readonly totalMs: number
}

/** What the plugin comes to. */
export type PluginResult =
  | { readonly kind: 'answered'; readonly response: string }
  /** `reason` is one line without secrets, of at most {@link MAX_REASON_CHARACTERS}. */
  | { readonly kind: 'failed'; readonly reason: string }

const DEFAULT_LIMITS: PluginLimits = { attemptMs: 30_000, totalMs: 45_000 }

/** With the program's name before it, a line of at most 500. */
export const MAX_REASON_CHARACTERS = 450

/** Kubelets write some kilobytes: an image, a token, annotations (which Kubernetes limits to 256 KiB). */
const MAX_REQUEST_CHARACTERS = 1_048_576

/** Reads one request, answers it, and gives up in time. Never rejects. Requests may still be under way when it gives up. */
export async function runPlugin(settings: SourceSettings, plugin: PluginSurroundings): Promise<PluginResult> {
  const { env, now, userAgent, limits = DEFAULT_LIMITS } = plugin
  const redactor = createRedactor(env)
  const trail = createTrail()
  const deadline = Promise.withResolvers<never>()
  const controller = new AbortController()
  const timer = setTimeout(() => {
    const tried = `no credentials within ${limits.totalMs / 1000} s, ${trail.describe()}`
    deadline.reject(new ProviderError(tried))
    controller.abort(new ProviderError(tried))
  }, limits.totalMs)
  const answer = async () => {
    trail.begin('reading the request on stdin')
    const text = await readRequest(plugin.stdin)
    trail.begin('reading the settings')
    // What else a profile says of calls is read where they are made.
    const shared = await withSharedSettings(env, ['ca_bundle'])
    const network = { env: shared, trail, signal: controller.signal, attemptMs: limits.attemptMs }
    return await answerRequest(text, { settings, surroundings: { ...network, now, userAgent }, redactor })
  }
  try {
    return { kind: 'answered', response: await Promise.race([answer(), deadline.promise]) }
  } catch (error) {
    const text = error instanceof Error ? describeError(error) : 'unknown error'
    return { kind: 'failed', reason: toLine(redactor.redact(text)) }
  } finally {
    clearTimeout(timer)
  }
}

async function readRequest(stdin: PluginSurroundings['stdin']): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of stdin) {
    text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
    if (text.length > MAX_REQUEST_CHARACTERS) {
      throw new ProviderError(`the request on stdin is over ${MAX_REQUEST_CHARACTERS} characters`)
    }
  }
  return text + decoder.decode()
}

/** A mistake in the program is found by where it is. */
function describeError(error: Error): string {
  const isBug = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError
  const where = isBug ? ` (internal error, ${error.stack?.split('\n')[1]?.trim() ?? 'nowhere'})` : ''
  return `${error.message}${where}`
}

function toLine(text: string): string {
  const line = text.replaceAll(/[\s\p{C}]+/gu, ' ').trim()
  return line.length > MAX_REASON_CHARACTERS ? `${line.slice(0, MAX_REASON_CHARACTERS - 1)}…` : line
}
