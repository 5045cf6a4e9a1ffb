import fc from 'fast-check'
import t from 'tap'
import { replaceCredentials } from '../../../src/roles-anywhere/credentials-file/profile-text.ts'
import type { Session } from '../../../src/roles-anywhere/session.ts'

const SESSION: Session = {
  accessKeyId: 'NEWKEY',
  secretAccessKey: 'new/secret+',
  sessionToken: 'new==token',
  expiration: '2030-01-01T00:00:00Z',
  expiresAt: new Date('2030-01-01T00:00:00Z'),
  receivedAt: new Date('2029-12-31T23:00:00Z'),
}
const NEW_KEYS =
  'aws_access_key_id = NEWKEY\naws_secret_access_key = new/secret+\naws_session_token = new==token\n'
const replace = (text: string, profile = 'default') => replaceCredentials(text, profile, SESSION)

t.test('a profile that is not there is added', async (t) => {
  t.equal(replace(''), `[default]\n${NEW_KEYS}`)
  t.equal(replace('[other]\na = b\n'), `[other]\na = b\n\n[default]\n${NEW_KEYS}`)
  t.equal(replace('[other]\na = b'), `[other]\na = b\n\n[default]\n${NEW_KEYS}`)
})

t.test('values are replaced where they are; all else stays, byte for byte', async (t) => {
  const before = [
    '# my file',
    '[other]',
    'aws_access_key_id = OTHER',
    '',
    '[ default ] ; mine',
    'region=eu-central-1',
    '; a comment',
    'AWS_Secret_Access_Key=old',
    'aws_session_token   =   old',
    '  and its second line',
    'custom = 1',
    '',
    '[last]',
    'aws_secret_access_key = LAST',
  ]
  const after = before
    .map((line) =>
      line
        .replace(/^(AWS_Secret_Access_Key=)old/, '$1new/secret+')
        .replace(/^(aws_session_token {3}= {3})old/, '$1new==token'),
    )
    .filter((line) => line !== '  and its second line')
  after.splice(9, 0, 'aws_access_key_id = NEWKEY')
  for (const lineEnd of ['\n', '\r\n']) t.equal(replace(before.join(lineEnd)), after.join(lineEnd))
})

t.test('indented keys, a file without a last line end, and a heading at its very end', async (t) => {
  t.equal(
    replace('[default]\n  aws_access_key_id = OLD\n  region = x\n  aws_session_token = OLD'),
    '[default]\n  aws_access_key_id = NEWKEY\n  region = x\n  aws_session_token = new==token\n  aws_secret_access_key = new/secret+\n',
  )
  t.equal(replace('[default]'), `[default]\n${NEW_KEYS}`)
  t.equal(replace('\uFEFF[default]\n'), `\uFEFF[default]\n${NEW_KEYS}`)
})

t.test('what looks like the profile and is not stays', async (t) => {
  const before = '# [default]\n[default-2]\naws_access_key_id = A\n[profile default]\naws_access_key_id = B\n'
  t.equal(replace(before), `${before}\n[default]\n${NEW_KEYS}`)
})

t.test('names that no section can have are refused', async (t) => {
  for (const profile of ['', 'a]b', 'a\nb', '[a', ' a'])
    t.throws(() => replace('', profile), {
      name: 'RolesAnywhereError',
      message: /cannot be the name of a profile$/,
    })
})

t.test('any file: a second run changes nothing, and no line of another profile is touched', async (t) => {
  const name = fc.constantFrom('default', 'a', 'b c', 'node')
  const line = fc.oneof(
    name.map((text) => `[${text}]`),
    fc.constantFrom(
      'aws_access_key_id = x',
      'aws_session_token=y',
      'AWS_SECRET_ACCESS_KEY : z',
      '# c',
      '',
      'region = r',
    ),
    fc.constantFrom('  more', '\tdeeper = 1', ' aws_access_key_id = i', '=', ']['),
  )
  const file = fc
    .tuple(fc.array(line, { maxLength: 20 }), fc.constantFrom('\n', '\r\n'), fc.boolean())
    .map(([lines, lineEnd, isEnded]) => lines.join(lineEnd) + (isEnded ? lineEnd : ''))
  fc.assert(
    fc.property(file, name, (text, profile) => {
      const once = replaceCredentials(text, profile, SESSION)
      t.equal(replaceCredentials(once, profile, SESSION), once)
      t.strictSame(readOthers(once, profile), readOthers(text, profile))
      const values = readProfile(once, profile)
      for (const key of ['aws_access_key_id', 'aws_secret_access_key', 'aws_session_token'])
        t.ok(values.some((value) => value.toLowerCase().startsWith(key)))
    }),
    { numRuns: 300 },
  )
})

/** The lines of a profile, by a reader of its own; blank ones apart. */
function readProfile(text: string, profile: string): string[] {
  return readSections(text)
    .filter(([section]) => section === profile)
    .map(([, line]) => line.trim())
}

function readOthers(text: string, profile: string): string[] {
  return readSections(text)
    .filter(([section, line]) => section !== profile && line.trim() !== '')
    .map(([, line]) => line)
}

function readSections(text: string): [section: string, line: string][] {
  let section = ''
  return text.split(/\r?\n/).map((line) => {
    const heading = /^\s*\[\s*([^\]]*?)\s*\]/.exec(line)
    if (heading !== null) section = heading[1] ?? ''
    return [section, line]
  })
}
