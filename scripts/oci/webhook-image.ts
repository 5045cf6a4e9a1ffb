import { readDockerfile } from '../dockerfile.ts'
import { readImageStart } from '../image.ts'
import type { ImageConfig } from './image-layout.ts'

/** The PATH that images have where they say nothing else. */
export const IMAGE_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The configuration that docker would give our image: read off the Dockerfile, of which `args` fills in the variables. */
export function readWebhookConfig(args: Readonly<Record<'VERSION' | 'REVISION', string>>): ImageConfig {
  const { nodeOptions, program, defaultArgs, env, user } = readImageStart()
  const instructions = readDockerfile().at(-1)?.instructions ?? []
  const read = (name: string) =>
    instructions
      .filter((instruction) => instruction.name === name)
      .map(({ text }) => text)
      .join(' ')
  const fill = (text: string) =>
    Object.entries(args).reduce((filled, [name, value]) => filled.replaceAll(`$${name}`, value), text)
  const labels = [...read('LABEL').matchAll(/([\w.]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [
    name,
    fill(value),
  ])
  return {
    User: user,
    ExposedPorts: Object.fromEntries(
      read('EXPOSE')
        .split(' ')
        .map((port) => [`${port}/tcp`, {}]),
    ),
    Env: [IMAGE_PATH, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
    Entrypoint: ['node', ...nodeOptions, program],
    Cmd: defaultArgs,
    Labels: Object.fromEntries(labels),
  }
}
