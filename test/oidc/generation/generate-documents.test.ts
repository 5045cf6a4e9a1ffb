import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { renderScript } from '../../../src/aws/shell-script.ts'
import { parseIssuer } from '../../../src/iam/issuer-url.ts'
import { planDocuments } from '../../../src/oidc/generation/generate-documents.ts'
import { EC, pathOf, RSA } from '../support/signing-keys.ts'

const issuer = parseIssuer('https://oidc.example.com/prod')

function plan(folder: string, paths: readonly string[], isEmptyKidListed = false) {
  const keySource = { origin: { kind: 'files', paths }, isEmptyKidListed } as const
  return planDocuments({ issuer, folder, keySource, environment: {} })
}

async function generate(folder: string, paths: readonly string[], isEmptyKidListed?: boolean) {
  const { steps } = await plan(folder, paths, isEmptyKidListed)
  for (const step of steps) await step.apply()
  return steps.map(({ action, resource, detail }) => `${action} ${resource.slice(folder.length)} ${detail}`)
}

function readKids(folder: string): readonly string[] {
  const { keys } = JSON.parse(readFileSync(join(folder, 'keys.json'), 'utf8'))
  return keys.map(({ kid }: { kid: string }) => kid)
}

t.test(
  'both documents are written, again only where they change, and nothing is left beside them',
  async (t) => {
    const folder = join(t.testdir(), 'new', 'folder')
    t.strictSame(await generate(folder, [pathOf('rsa.pub')]), [
      `create /keys.json 1 key: ${RSA.kid}`,
      'create /.well-known/openid-configuration issuer https://oidc.example.com/prod, RS256',
    ])
    t.strictSame(await generate(folder, [pathOf('rsa.pub')]), [])
    t.strictSame(await generate(folder, [pathOf('rsa.pub'), pathOf('p256.pub')]), [
      `update /keys.json 2 keys: ${RSA.kid}, ${EC.kid}`,
      'update /.well-known/openid-configuration issuer https://oidc.example.com/prod, ES256, RS256',
    ])
    t.strictSame(readKids(folder), [RSA.kid, EC.kid])
    t.strictSame(readdirSync(folder).sort(), ['.well-known', 'keys.json'])
    t.strictSame(readdirSync(join(folder, '.well-known')), ['openid-configuration'])
  },
)

t.test('each key is listed once more with an empty kid where it is asked for', async (t) => {
  const folder = t.testdir()
  await generate(folder, [pathOf('rsa.pub')], true)
  t.strictSame(readKids(folder), [RSA.kid, ''])
})

t.test('nothing is written where one of the keys is refused', async (t) => {
  const folder = t.testdir({ 'bad.pub': 'x' })
  const out = join(folder, 'out')
  await t.rejects(plan(out, [pathOf('rsa.pub'), join(folder, 'bad.pub')]), { message: /holds no key/ })
  t.strictSame(readdirSync(folder), ['bad.pub'])
})

t.test('a plan writes nothing, and its script writes the same', async (t) => {
  const folder = join(t.testdir(), "it's here")
  const { steps, facts } = await plan(folder, [pathOf('rsa.pub')])
  t.strictSame(facts, { issuer: issuer.url, kids: [RSA.kid] })
  t.throws(() => readdirSync(folder), { code: 'ENOENT' })
  execFileSync('sh', ['-c', renderScript({ preface: [], steps, notes: [] })])
  t.strictSame((await plan(folder, [pathOf('rsa.pub')])).steps, [])
})

t.test('a folder that cannot be one is told in one line', async (t) => {
  const folder = t.testdir()
  writeFileSync(join(folder, 'file'), '')
  await t.rejects(generate(join(folder, 'file'), [pathOf('rsa.pub')]), {
    message: /^cannot read .*file\/keys\.json \(ENOTDIR\); check --out/,
  })
})
