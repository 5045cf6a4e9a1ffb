import manifest from '../../../package.json' with { type: 'json' }
import type { Program } from '../engine/program-description.ts'
import { createCredentialProcessCommand } from './credential-process-command.ts'
import { createReadCertificateDataCommand } from './read-certificate-data-command.ts'
import { createServeCommand } from './serve-command.ts'
import { createProfileCommand } from './setup/profile-command.ts'
import { createTrustAnchorCommand } from './setup/trust-anchor-command.ts'
import { createSignStringCommand } from './sign-string-command.ts'
import { createTrustPolicyCommand } from './trust-policy-command.ts'
import { createUpdateCommand } from './update-command.ts'
import { createVersionCommand } from './version-command.ts'

/** Makes the program `roles-anywhere`; each command loads what it does when it runs. */
export function createProgram(): Program {
  const { version } = manifest
  return {
    name: 'roles-anywhere',
    version,
    summary: 'Gets AWS credentials for an X.509 certificate, by IAM Roles Anywhere',
    environmentPrefix: 'AWS_ROLES_ANYWHERE_',
    // As the helper: those who call it look for 1.
    usageExitCode: 1,
    commands: [
      createCredentialProcessCommand(version),
      createUpdateCommand(version),
      createServeCommand(version),
      createReadCertificateDataCommand(),
      createSignStringCommand(),
      createTrustPolicyCommand(),
      createTrustAnchorCommand(version),
      createProfileCommand(version),
      createVersionCommand(version),
    ],
  }
}
