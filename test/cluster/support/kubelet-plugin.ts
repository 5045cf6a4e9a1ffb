import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { findKubeletPlugin } from './control-plane-binaries.ts'

/** What `kubelet-plugin` answers, and what the kubelet's code logs meanwhile. */
export interface KubeletAnswer<T> {
  readonly answer: T
  readonly log: string
}

/** Asks the kubelet's own code. */
export interface KubeletCode {
  /** Whether images match patterns, one answer for each pair. */
  match(
    pairs: readonly { readonly pattern: string; readonly image: string }[],
  ): Promise<KubeletAnswer<readonly { readonly matches: boolean; readonly error: string }[]>>
  /** Why configurations are refused, one text for each; of one that is accepted, the plugin's absence. */
  register(
    registrations: readonly { readonly configPath: string; readonly pluginFolder: string }[],
  ): Promise<KubeletAnswer<readonly string[]>>
  /** The credentials of images, found through the plugins; `env` is what they inherit. */
  lookup(
    question: LookupQuestion,
    env: NodeJS.ProcessEnv,
  ): Promise<
    KubeletAnswer<{
      readonly credentials: readonly (readonly { readonly username: string; readonly password: string }[])[]
      readonly audiences: readonly string[]
    }>
  >
}

/** Images of a pod, and the pod's ServiceAccount. */
export interface LookupQuestion {
  readonly configPath: string
  readonly pluginFolder: string
  readonly images: readonly string[]
  readonly serviceAccount?: {
    readonly namespace: string
    readonly name: string
    readonly annotations: Readonly<Record<string, string>>
    readonly token: string
  }
}

/** The kubelet's code, built where it is not yet; `undefined`, and the test skipped, where there is no Go. */
export async function useKubeletCode(t: Test): Promise<KubeletCode | undefined> {
  const path = await findKubeletPlugin(process.env)
  if (path === undefined) {
    t.pass('there is no Go to build the kubelet-plugin program with', { skip: true })
    return undefined
  }
  return {
    match: (pairs) => ask(path, 'match', pairs),
    register: (registrations) => ask(path, 'register', registrations),
    lookup: (question, env) => ask(path, 'lookup', question, env),
  }
}

async function ask<T>(
  path: string,
  kind: string,
  question: unknown,
  env: NodeJS.ProcessEnv = process.env,
): Promise<KubeletAnswer<T>> {
  const child = spawn(path, [kind], { env, stdio: 'pipe', timeout: 90_000 })
  child.stdin.end(JSON.stringify(question))
  const [answer, log, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ])
  if (code !== 0) throw new Error(`kubelet-plugin ${kind} ended with ${code}: ${log}`)
  return { answer: JSON.parse(answer) as T, log }
}
