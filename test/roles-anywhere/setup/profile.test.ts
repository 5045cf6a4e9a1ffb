import t, { type Test } from 'tap'
import { runProgramProcess } from '../../support/program-run.ts'
import { startRolesAnywhereApi } from '../../support/roles-anywhere-api.ts'

const ARN = 'arn:aws:rolesanywhere:eu-central-1:111122223333:profile/00000000-0000-0000-0000-000000000001'
const ONE = 'arn:aws:iam::111122223333:role/one'
const TWO = 'arn:aws:iam::111122223333:role/nodes/two'

async function setUp(t: Test) {
  const api = await startRolesAnywhereApi()
  t.teardown(() => api.close())
  const ensure = (...args: string[]) =>
    runProgramProcess(['profile', 'ensure', ...args], { env: api.env, program: 'roles-anywhere' })
  return { api, ensure }
}

t.test('a profile is made once, gets what it lacks, and keeps what it has', async (t) => {
  const { api, ensure } = await setUp(t)
  t.strictSame(await ensure('my-cluster', '--role-arn', ONE), {
    code: 0,
    stdout: `created profile/my-cluster: profile of ${ONE}\nprofile my-cluster: ${ARN}\n`,
    stderr: '',
  })
  t.match(api.profiles, [{ name: 'my-cluster', roleArns: [ONE], enabled: true }])
  t.match((await ensure('my-cluster', '--role-arn', ONE)).stdout, /^nothing to change\n/)
  t.match((await ensure('my-cluster', '--role-arn', TWO)).stdout, `updated ${ARN}: ${TWO} added\n`)
  t.match(api.profiles, [{ roleArns: [ONE, TWO], durationSeconds: 3600 }])
  t.match(
    (await ensure('my-cluster', '--role-arn', ONE, '--session-duration', '7200')).stdout,
    `updated ${ARN}: sessions of up to 7200 s\n`,
  )
  t.match(api.profiles, [{ roleArns: [ONE, TWO], durationSeconds: 7200 }])
  t.match(
    (await ensure('my-cluster', '--role-arn', TWO, '--replace')).stdout,
    `updated ${ARN}: ${ONE} taken away\n`,
  )
  t.match(api.profiles, [{ roleArns: [TWO], durationSeconds: 7200 }])
  t.match(api.calls.filter((call) => call.startsWith('P')).length, 4)
})

t.test('what somebody else adds between plan and change stays; a disabled one is enabled', async (t) => {
  const { api, ensure } = await setUp(t)
  await ensure('my-cluster', '--role-arn', ONE)
  for (const profile of api.profiles) profile['enabled'] = false
  api.meddle = (call) => {
    const [profile] = api.profiles
    if (profile !== undefined && call.startsWith('GET /profile/')) profile['roleArns'] = [ONE, 'arn:theirs']
  }
  t.match(await ensure('my-cluster', '--role-arn', TWO), { code: 0, stdout: /updated .*: enabled\n/ })
  t.match(api.profiles, [{ roleArns: [ONE, 'arn:theirs', TWO], enabled: true }])
})

t.test('--dry-run prints AWS CLI commands', async (t) => {
  const { api, ensure } = await setUp(t)
  t.match(
    (await ensure('my-cluster', '--role-arn', ONE, '--session-duration', '900', '--dry-run')).stdout,
    `\naws rolesanywhere create-profile --name my-cluster --role-arns ${ONE} --duration-seconds 900 --enabled\n`,
  )
  await ensure('my-cluster', '--role-arn', ONE)
  for (const profile of api.profiles) profile['enabled'] = false
  const { stdout } = await ensure('my-cluster', '--role-arn', TWO, '--dry-run')
  const id = '00000000-0000-0000-0000-000000000001'
  t.match(stdout, `aws rolesanywhere update-profile --profile-id ${id} --role-arns ${ONE} ${TWO}\n`)
  t.match(stdout, `aws rolesanywhere enable-profile --profile-id ${id}\n`)
  t.match(api.profiles, [{ roleArns: [ONE], enabled: false }])
})

t.test('what cannot be is refused before anybody is asked', async (t) => {
  const { api, ensure } = await setUp(t)
  t.match(await ensure('my-cluster'), { code: 1, stderr: /--role-arn ARN is needed/ })
  t.match(await ensure('my-cluster', '--role-arn', 'one'), {
    code: 1,
    stderr: /"one" is not the ARN of a role/,
  })
  t.match(await ensure('a.b', '--role-arn', ONE), { code: 1, stderr: /the profile's name is "a\.b"/ })
  t.match(await ensure('one', '--role-arn', ONE, '--session-duration', '60'), { code: 1, stderr: /900/ })
  t.strictSame(api.calls, [])
})
