import type { Plan } from '../../../aws/step.ts'
import type { GenerationOptions } from '../../../oidc/generation/generate-documents.ts'
import { type Command, defineCommand } from '../../engine/command.ts'
import type { FlagGroup } from '../../engine/flag-table.ts'
import { showProgress } from '../../engine/progress.ts'
import { UsageError } from '../../engine/usage-error.ts'
import { runPlan } from '../../steps/run-steps.ts'
import { STEP_FLAGS } from '../../steps/step-flags.ts'
import { CLUSTER_FLAGS } from '../flags/cluster-flags.ts'
import { FILE_PATH } from '../flags/text-rules.ts'
import { readIssuer } from '../iam/trust-flags.ts'
import { KEY_FLAGS, toKeySource } from './key-flags.ts'

const DOCUMENT_FLAGS = {
  title: 'Documents',
  flags: {
    issuer: {
      kind: 'string',
      name: 'issuer',
      placeholder: 'URL',
      help: "The cluster's --service-account-issuer, byte for byte.",
    },
    folder: {
      kind: 'string',
      name: 'out',
      placeholder: 'DIR',
      accepts: FILE_PATH,
      help: 'Folder for .well-known/openid-configuration and keys.json; made if there is none.',
    },
  },
} as const satisfies FlagGroup

/** Makes the `oidc generate` command. */
export function createGenerateCommand(plan: (options: GenerationOptions) => Promise<Plan>): Command {
  return defineCommand({
    name: 'oidc generate',
    summary: "Write an issuer's discovery document and keys to a folder, for any web server",
    groups: { documents: DOCUMENT_FLAGS, keys: KEY_FLAGS, cluster: CLUSTER_FLAGS, steps: STEP_FLAGS },
    examples: [
      {
        purpose: 'the keys of the cluster that kubectl talks to',
        line: 'pod-identity-webhook oidc generate --issuer=https://oidc.example.com/prod --out=issuer',
      },
      {
        purpose: 'the keys of a file, as EKS Anywhere keeps them in the Secret CLUSTER-sa',
        line: 'pod-identity-webhook oidc generate --key=prod-sa.pub --issuer=https://oidc.example.com/prod --out=issuer',
      },
    ],
    async run({ documents, keys, cluster, steps }, io) {
      const { folder } = documents
      if (folder === undefined) throw new UsageError('--out is needed: the folder for the two documents')
      if (documents.issuer === undefined)
        throw new UsageError("--issuer is needed: the cluster's --service-account-issuer")
      const issuer = readIssuer(documents.issuer)
      const keySource = toKeySource(keys, cluster)
      const made = await showProgress(io, 'reading the keys', () =>
        plan({ issuer, folder, keySource, environment: io.env }),
      )
      await runPlan(made, steps, io)
      return 0
    },
  })
}
