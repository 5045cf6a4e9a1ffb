import type { Plan } from '../../../aws/step.ts'
import type { PublicationOptions } from '../../../oidc/publishing/publication.ts'
import { type Command, defineCommand } from '../../engine/command.ts'
import { showProgress } from '../../engine/progress.ts'
import { runPlan } from '../../steps/run-steps.ts'
import { STEP_FLAGS } from '../../steps/step-flags.ts'
import { PUBLICATION_GROUPS, toPublicationOptions } from './publication-flags.ts'

/** Makes the `oidc publish` command; a plan that is only written down may be made without credentials. */
export function createPublishCommand(
  plan: (options: PublicationOptions, choices: { readonly isDryRun: boolean }) => Promise<Plan>,
): Command {
  return defineCommand({
    name: 'oidc publish',
    summary: 'Publish the issuer of a cluster in an S3 bucket, from where STS reads it',
    groups: { ...PUBLICATION_GROUPS, steps: STEP_FLAGS },
    examples: [
      {
        purpose: 'the keys of the cluster that kubectl talks to',
        line: 'pod-identity-webhook oidc publish --bucket=example-issuers --region=eu-central-1 --prefix=prod',
      },
      {
        purpose: 'a script for an administrator who has only the AWS CLI',
        line: 'pod-identity-webhook oidc publish --bucket=example-issuers --region=eu-central-1 --prefix=prod --dry-run > publish.sh',
      },
    ],
    async run({ steps, ...groups }, io) {
      const options = toPublicationOptions(groups, io)
      const made = await showProgress(io, `reading the keys and s3://${options.place.bucket}`, () =>
        plan(options, steps),
      )
      await runPlan(made, steps, io)
      return 0
    },
  })
}
