import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync } from 'node:fs'
import t, { type Test } from 'tap'

const IMAGE = 'registry.example/pod-identity-webhook:1.0.0'

/** Writes down what it is asked, and has the plugin buildx, or not. */
const dockerThat = (hasBuildx: boolean) => `#!/bin/sh
[ "$2" = version ] && exit ${hasBuildx ? 0 : 1}
printf '%s\\n' "$@" "$SOURCE_DATE_EPOCH" > "$(dirname "$0")/asked"
exit 7
`

function makeImage(t: Test, docker: string | undefined, variables: Readonly<Record<string, string>>) {
  const folder = t.testdir(docker === undefined ? {} : { docker })
  if (docker !== undefined) chmodSync(`${folder}/docker`, 0o755)
  const { status, stderr } = spawnSync(process.execPath, ['scripts/build-image.ts'], {
    env: { PATH: docker === undefined ? folder : `${folder}:/usr/bin:/bin`, ...variables },
    encoding: 'utf8',
  })
  return { status, stderr, readQuestion: () => readFileSync(`${folder}/asked`, 'utf8').trimEnd().split('\n') }
}

t.test('what is missing is said in one line', async (t) => {
  const cases = [
    {
      docker: dockerThat(true),
      variables: {},
      status: 2,
      stderr: /^make image: say how to call the image: .*\n$/,
    },
    {
      docker: undefined,
      variables: { IMAGE },
      status: 1,
      stderr: /^make image: docker, .* is not installed\n$/,
    },
    {
      docker: dockerThat(false),
      variables: { IMAGE },
      status: 1,
      stderr: /^make image: docker has no buildx, .*\n$/,
    },
  ]
  for (const { docker, variables, status, stderr } of cases) {
    const result = makeImage(t, docker, variables)
    t.equal(result.status, status)
    t.match(result.stderr, stderr)
  }
})

t.test('docker is told name, platforms, version, commit and time; its exit code is kept', async (t) => {
  const variables = { IMAGE, PLATFORMS: 'linux/amd64,linux/arm64', PUSH: 'yes' }
  const { status, readQuestion } = makeImage(t, dockerThat(true), variables)
  t.equal(status, 7)
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  t.match(readQuestion(), [
    'buildx',
    'build',
    '--platform',
    'linux/amd64,linux/arm64',
    '--build-arg',
    `VERSION=${version}`,
    '--build-arg',
    /^REVISION=(?:[0-9a-f]{40}|unknown)$/,
    '--tag',
    IMAGE,
    '--push',
    '.',
    /^\d*$/,
  ])
})

t.test('without platforms and PUSH the image is for this machine', async (t) => {
  const question = makeImage(t, dockerThat(true), { IMAGE }).readQuestion()
  t.notOk(question.includes('--platform'))
  t.ok(question.includes('--load'))
})
