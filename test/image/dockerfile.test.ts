import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { parseDockerfile, readDockerfile } from '../../scripts/dockerfile.ts'
import { readImageStart } from '../../scripts/image.ts'

const [build, image] = readDockerfile()
const read = (name: string) =>
  (image?.instructions ?? []).filter((instruction) => instruction.name === name).map(({ text }) => text)

t.test('a Dockerfile is read with its comments left out and its long lines joined', async (t) => {
  const stages = parseDockerfile('# a\nFROM a AS b\nRUN c && \\\n    d\n# e\n\nFROM f\nCMD ["g"]\n')
  t.strictSame(stages, [
    { from: 'a AS b', instructions: [{ name: 'RUN', text: 'c && d' }] },
    { from: 'f', instructions: [{ name: 'CMD', text: '["g"]' }] },
  ])
  t.throws(() => parseDockerfile('RUN a\nFROM b\n'), /only FROM may come first/)
})

t.test(
  'it is built where it is, and based on, the line of Node that the project is tested with',
  async (t) => {
    const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
    const base = `node:${devDependencies.node.split('.')[0]}-slim`
    t.equal(build?.from, `--platform=$BUILDPLATFORM ${base} AS build`)
    t.equal(image?.from, base)
  },
)

t.test('nothing in it needs a shell, root, or an emulator of another platform', async (t) => {
  t.strictSame(read('RUN'), [])
  t.match(readImageStart().user, /^[1-9]\d*:[1-9]\d*$/, 'runAsNonRoot takes a number')
  for (const text of [...read('ENTRYPOINT'), ...read('CMD')]) t.ok(Array.isArray(JSON.parse(text)), text)
})

t.test('it starts as the shipped Deployment expects', async (t) => {
  const deployment = parse(readFileSync('deploy/base/deployment.yaml', 'utf8'))
  const [container] = deployment.spec.template.spec.containers
  const { nodeOptions, defaultArgs } = readImageStart()
  t.match(nodeOptions.join(' '), /--max-semi-space-size=\d+/)
  t.strictSame(defaultArgs, container.args.slice(0, 1))
  const ports = container.ports.map((port: { containerPort: number }) => port.containerPort)
  t.strictSame(read('EXPOSE'), [ports.join(' ')])
})

t.test('its labels say what it is, of which version and commit, and under which license', async (t) => {
  const { name, license } = JSON.parse(readFileSync('package.json', 'utf8'))
  const labels = Object.fromEntries(
    [
      ...read('LABEL')
        .join(' ')
        .matchAll(/org\.opencontainers\.image\.(\w+)="([^"]*)"/g),
    ].map(([, label, value]) => [label, value]),
  )
  t.match(labels, { title: name, licenses: license, version: '$VERSION', revision: '$REVISION' })
  t.ok(labels['description'])
  t.match(
    read('ARG').map((text) => text.split('=')[0]),
    ['VERSION', 'REVISION'],
  )
})
