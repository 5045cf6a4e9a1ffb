import { generateKeyPairSync, randomBytes } from 'node:crypto'
import t from 'tap'
import { createProgram as createPlugin } from '../../src/cli/ecr-credential-provider/program.ts'
import { nameVariable } from '../../src/cli/engine/command-line.ts'
import type { FlagDefinition } from '../../src/cli/engine/flag-table.ts'
import { runProgram } from '../../src/cli/engine/program.ts'
import type { Program } from '../../src/cli/engine/program-description.ts'
import { ACTIONS } from '../../src/cli/pod-identity-webhook/actions.ts'
import { createProgram as createWebhook } from '../../src/cli/pod-identity-webhook/program.ts'
import { createProgram as createRolesAnywhere } from '../../src/cli/roles-anywhere/program.ts'

const { privateKey: pem } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})
const body = pem.replace(/-----[^-]+-----|\n/g, '')
const jwt = ['{"alg":"RS256","kid":"1"}', '{"sub":"system:serviceaccount:shop:cart"}', randomBytes(64)]
  .map((part) => Buffer.from(part).toString('base64url'))
  .join('.')

/** A secret as people have it at hand, and the parts of which none may be seen. */
const SECRETS: Readonly<Record<string, string>> = {
  'a key in PEM': pem,
  'a key in PEM, in one line': pem.trim().replaceAll('\n', '\\n'),
  'a key in PEM, in base64': Buffer.from(pem).toString('base64'),
  'the body of a key': body,
  'a line of a key': body.slice(64, 128),
  'a token': jwt,
  'a kubeconfig': `apiVersion: v1\nclusters: []\nusers: [{name: x, user: {token: ${randomBytes(30).toString('base64url')}}}]\n`,
  'an AWS secret': 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
}

/** Servers are not started: they fail with all that they were told, which is the worst that an error can say. */
const PROGRAMS: readonly Program[] = [
  createWebhook({
    ...ACTIONS,
    serve: (options) => Promise.reject(new Error(`serve: ${JSON.stringify(options)}`)),
    inject: (options) =>
      Promise.reject(new Error(`open ${[...options.inputs, ...options.manifests].join()}: ENOENT`)),
  }),
  createPlugin(),
  createRolesAnywhere(),
]

async function run(program: Program, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  let output = ''
  const write = (text: string | Uint8Array) => {
    output += Buffer.from(text as string).toString()
  }
  async function* nothing() {}
  const io = { stdin: nothing(), stdout: { write }, stderr: { write }, env }
  const code = await runProgram(program, args, io)
  return { code, output }
}

/** The first part of a secret that is in a text; its line ends do not count, for messages fold them. */
function findLeak(text: string, secret: string): string | undefined {
  for (const line of secret.split(/\n|\\n/)) {
    for (let start = 0; start + 16 <= line.length; start++) {
      const part = line.slice(start, start + 16)
      if (text.includes(part)) return part
    }
  }
  return undefined
}

for (const program of PROGRAMS) {
  for (const command of program.commands) {
    t.test(`${program.name} ${command.name} repeats no secret`, async (t) => {
      const words = command.name.split(' ')
      const flags = Object.values(command.groups).flatMap(({ flags }) => Object.values<FlagDefinition>(flags))
      let count = 0
      for (const [kind, secret] of Object.entries(SECRETS)) {
        const attempts: readonly (readonly [string, readonly string[], Readonly<Record<string, string>>])[] =
          [
            ...flags.map(({ name }) => [`--${name}=`, [...words, `--${name}=${secret}`], {}] as const),
            ...flags.map(({ name }) => [`--${name} `, [...words, `--${name}`, secret], {}] as const),
            ...flags.map(({ name }) => {
              const variable = nameVariable(program.environmentPrefix, name)
              return [variable, words, { [variable]: secret }] as const
            }),
            ['argument', [...words, secret], {}],
            ['flag', [...words, `--${secret}`], {}],
          ]
        for (const [place, args, env] of attempts) {
          count++
          const { code, output } = await run(program, args, env)
          const leak = findLeak(output, secret)
          if (leak !== undefined) t.fail(`${kind} as ${place}: exit ${code}: ${output.slice(0, 300)}`)
        }
      }
      t.ok(count > 0, `${count} command lines`)
    })
  }
}

t.test('where a file’s name was wanted the message says so', async (t) => {
  const [webhook, , rolesAnywhere] = PROGRAMS as [Program, Program, Program]
  for (const [program, args, origin] of [
    [rolesAnywhere, ['credential-process', '--certificate', 'c.pem', '--private-key', pem], '--private-key'],
    [webhook, ['serve', `--tls-key=${pem}`], '--tls-key'],
    [webhook, ['inject', '-f', pem], '-f'],
  ] as const) {
    const { output } = await run(program, args)
    t.match(
      output,
      new RegExp(
        `^[a-z-]+: ${origin} is a private key in PEM, ${pem.length} characters; give a file’s name, not its content\n$`,
      ),
    )
  }
})
