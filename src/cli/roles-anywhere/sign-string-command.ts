import { type Command, defineCommand } from '../engine/command.ts'
import type { FlagGroup } from '../engine/flag-table.ts'
import { LONE_KEY_FLAGS } from './flags/key-flags.ts'
import { INERT_KEY_FLAGS } from './flags/unbuilt-flags.ts'
import { REFUSED_GROUPS, requireValue, toKeyPassword } from './session-options.ts'

const SIGNATURE_FLAGS = {
  title: 'Signature',
  flags: {
    digest: {
      kind: 'enum',
      name: 'digest',
      values: ['SHA256', 'SHA384', 'SHA512'],
      default: 'SHA256',
      help: 'Digest to sign.',
    },
    format: {
      kind: 'enum',
      name: 'format',
      values: ['json', 'text', 'bin'],
      default: 'json',
      help: 'How to write the signature: hexadecimal in quotes, hexadecimal, or its bytes.',
    },
  },
} as const satisfies FlagGroup

/** Makes the `sign-string` command. */
export function createSignStringCommand(): Command {
  return defineCommand({
    name: 'sign-string',
    summary: "Sign the helper's fixed test text with a key, to see that the key works",
    groups: { key: LONE_KEY_FLAGS, signature: SIGNATURE_FLAGS, inert: INERT_KEY_FLAGS, ...REFUSED_GROUPS },
    examples: [
      { purpose: 'try a key', line: 'roles-anywhere sign-string --private-key node.key --format text' },
    ],
    async run({ key, signature: { digest, format } }, io) {
      const path = requireValue(key.privateKeyPath, LONE_KEY_FLAGS.flags.privateKeyPath)
      const { signTestString } = await import('../../roles-anywhere/test-signature.ts')
      const signature = signTestString(path, toKeyPassword(key, io.env), digest)
      const text = signature.toString('hex')
      io.stdout.write({ json: JSON.stringify(text), text, bin: signature }[format])
      return 0
    },
  })
}
