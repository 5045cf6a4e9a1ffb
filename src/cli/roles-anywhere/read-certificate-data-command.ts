import { type Command, defineCommand } from '../engine/command.ts'
import { LONE_CERTIFICATE_FLAGS } from './flags/key-flags.ts'
import { INERT_FLAGS } from './flags/unbuilt-flags.ts'
import { REFUSED_GROUPS, requireValue } from './session-options.ts'

/** Makes the `read-certificate-data` command. */
export function createReadCertificateDataCommand(): Command {
  return defineCommand({
    name: 'read-certificate-data',
    summary: 'Print key type, serial number and DER of a certificate, as JSON',
    groups: { certificate: LONE_CERTIFICATE_FLAGS, inert: INERT_FLAGS, ...REFUSED_GROUPS },
    examples: [
      { purpose: 'see what is sent', line: 'roles-anywhere read-certificate-data --certificate node.pem' },
    ],
    async run({ certificate }, io) {
      const path = requireValue(certificate.certificatePath, LONE_CERTIFICATE_FLAGS.flags.certificatePath)
      const { describeCertificate } = await import('../../roles-anywhere/certificate-data.ts')
      io.stdout.write(describeCertificate(path))
      return 0
    },
  })
}
