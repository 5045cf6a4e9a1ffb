import { type Command, defineCommand } from '../engine/command.ts'
import { REFUSED_GROUPS, SESSION_GROUPS, toSessionOptions, toSurroundings } from './session-options.ts'

/** Makes the `credential-process` command: what `credential_process` in a profile names. */
export function createCredentialProcessCommand(version: string): Command {
  return defineCommand({
    name: 'credential-process',
    summary: 'Print credentials once, as credential_process of an AWS profile wants them',
    groups: { ...SESSION_GROUPS, ...REFUSED_GROUPS },
    examples: [
      {
        purpose: "with a kubelet's client certificate, in ~/.aws/config",
        line: 'credential_process = roles-anywhere credential-process --certificate /var/lib/kubelet/pki/kubelet-client-current.pem --trust-anchor-arn ARN --profile-arn ARN --role-arn ARN',
      },
    ],
    async run(values, io) {
      const options = toSessionOptions(values, { version, io })
      const { createSession } = await import('../../roles-anywhere/create-session.ts')
      const session = await createSession(options, toSurroundings(values, io))
      const output = {
        Version: 1,
        AccessKeyId: session.accessKeyId,
        SecretAccessKey: session.secretAccessKey,
        SessionToken: session.sessionToken,
        Expiration: session.expiration,
      }
      io.stdout.write(JSON.stringify(output))
      return 0
    },
  })
}
