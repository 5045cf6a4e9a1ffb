import { basename } from 'node:path'
import type { Program } from '../engine/program-description.ts'

/** Commands that are for a server or a node, not for somebody at kubectl. */
const NOT_FOR_KUBECTL = ['serve', 'oidc sync', 'completion']

/** What an executable's name asks for: the program itself, or the plugin of kubectl. */
export interface Invocation {
  readonly program: Program
  readonly args: readonly string[]
}

/**
 * The one executable has three names. As `kubectl-pod_identity` it is what `kubectl pod-identity` runs, whose first command
 * is doctor; as `kubectl_complete-pod_identity` it is asked by kubectl's own completion what may follow.
 */
export function readInvocation(program: Program, executable: string, args: readonly string[]): Invocation {
  const name = basename(executable).replace(/\.m?js$/, '')
  if (name === 'kubectl-pod_identity') return { program: forKubectl(program), args }
  if (name === 'kubectl_complete-pod_identity')
    return { program: forKubectl(program), args: ['__complete', ...args] }
  return { program, args }
}

function forKubectl(program: Program): Program {
  const isFirst = ({ name }: { readonly name: string }) => name === 'doctor'
  const commands = program.commands.filter(({ name }) => !NOT_FOR_KUBECTL.includes(name))
  const [first = program.commands[0], ...others] = [
    ...commands.filter(isFirst),
    ...commands.filter((command) => !isFirst(command)),
  ]
  return { ...program, name: 'kubectl pod-identity', commands: [first, ...others] }
}
