import { quoteText } from '../../../text/quoted-text.ts'
import type { FlagGroup } from '../../engine/flag-table.ts'
import { UsageError } from '../../engine/usage-error.ts'

/** Which region is set up. */
export const SETUP_NETWORK_FLAGS = {
  title: 'Network',
  flags: {
    region: {
      kind: 'string',
      name: 'region',
      placeholder: 'REGION',
      help: "Region of trust anchor and profile, which must be the same; the environment's or the profile's without it.",
    },
  },
} as const satisfies FlagGroup

/** As IAM Roles Anywhere takes names. */
const NAME = /^[ a-zA-Z0-9_-]{1,255}$/

/** Reads the name of a trust anchor or profile. Throws a UsageError. */
export function readEntityName(text: string, what: string): string {
  if (NAME.test(text)) return text
  throw new UsageError(
    `the ${what}'s name is ${quoteText(text)}; it takes up to 255 letters, digits, spaces, dashes and underscores`,
  )
}
