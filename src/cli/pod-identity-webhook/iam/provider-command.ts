import type { Plan } from '../../../aws/step.ts'
import type { ProviderOptions } from '../../../iam/plan-provider.ts'
import { quoteText } from '../../../text/quoted-text.ts'
import { type Command, defineCommand } from '../../engine/command.ts'
import type { FlagGroup } from '../../engine/flag-table.ts'
import { UsageError } from '../../engine/usage-error.ts'
import { runPlan } from '../../steps/run-steps.ts'
import { STEP_FLAGS } from '../../steps/step-flags.ts'
import { REGION_FLAG } from './region-flag.ts'
import { AUDIENCE, DEFAULT_AUDIENCE, ISSUER_FLAG, readIssuer } from './trust-flags.ts'

const PROVIDER_FLAGS = {
  title: 'Provider',
  flags: {
    issuer: ISSUER_FLAG,
    audiences: {
      kind: 'list',
      name: 'audience',
      isCommaSeparated: false,
      help: `Audience that the provider takes tokens for; ${DEFAULT_AUDIENCE} without this flag. May be repeated.`,
    },
    tags: {
      kind: 'list',
      name: 'tag',
      placeholder: 'K=V',
      isCommaSeparated: false,
      help: 'Tag of the provider. May be repeated.',
    },
    isThumbprintWanted: {
      kind: 'boolean',
      name: 'thumbprint',
      help: "Ask the issuer's host for its certificates and give IAM the thumbprint of the last one: needed only where no public authority signed them.",
    },
    region: REGION_FLAG,
  },
} as const satisfies FlagGroup

/** As IAM takes it. */
const MAX_URL_CHARACTERS = 255

/** Makes the `oidc provider` command. */
export function createProviderCommand(planProvider: (options: ProviderOptions) => Promise<Plan>): Command {
  return defineCommand({
    name: 'oidc provider',
    summary: "Make the issuer's OIDC provider in IAM, or give it the audiences and tags that it lacks",
    groups: { provider: PROVIDER_FLAGS, steps: STEP_FLAGS },
    examples: [
      {
        purpose: "let roles trust a cluster's tokens",
        line: 'pod-identity-webhook oidc provider --issuer https://s3.eu-central-1.amazonaws.com/my-cluster-oidc',
      },
    ],
    async run({ provider, steps }, io) {
      const plan = await planProvider({
        issuer: readProviderIssuer(provider.issuer),
        audiences: readAudiences(provider.audiences),
        tags: readTags(provider.tags),
        isThumbprintWanted: provider.isThumbprintWanted,
        isDryRun: steps.isDryRun,
        region: provider.region,
        env: io.env,
      })
      await runPlan(plan, steps, io)
      return 0
    },
  })
}

function readProviderIssuer(text: string | undefined) {
  const issuer = readIssuer(text)
  if (issuer.hasPort) throw new UsageError(`--issuer ${issuer.url} has a port, and IAM takes none`)
  if (issuer.url.length > MAX_URL_CHARACTERS)
    throw new UsageError(`--issuer has ${issuer.url.length} characters, and IAM takes ${MAX_URL_CHARACTERS}`)
  return issuer
}

function readAudiences(texts: readonly string[]): readonly string[] {
  const wrong = texts.find((text) => !AUDIENCE.pattern.test(text))
  if (wrong !== undefined)
    throw new UsageError(`--audience is ${quoteText(wrong)}; it takes ${AUDIENCE.description}`)
  return texts.length === 0 ? [DEFAULT_AUDIENCE] : [...new Set(texts)]
}

/** Characters as IAM's Tag takes them. */
const TAG = /^(?!aws:)(?<key>[\p{L}\p{Z}\p{N}_.:/+\-@]{1,128})=(?<value>[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256})$/iu

function readTags(texts: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    texts.map((text) => {
      const { key, value } = TAG.exec(text)?.groups ?? {}
      if (key !== undefined && value !== undefined) return [key, value]
      throw new UsageError(
        `--tag is ${quoteText(text)}; it takes KEY=VALUE of letters, digits, spaces and _.:/=+-@, not beginning with aws:`,
      )
    }),
  )
}
