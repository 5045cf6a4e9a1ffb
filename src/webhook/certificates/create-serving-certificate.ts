import type { Logger } from '../../telemetry/logger.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { CertificateOptions } from '../serve-options.ts'
import { CertificateFiles } from './certificate-files.ts'
import type { ServingCertificate, UsePair } from './serving-certificate.ts'

/**
 * Creates the source of the serving certificate that the options name: files, or the webhook's own authority.
 *
 * What makes certificates is loaded only where it is wanted. Rejects where no API server can be found.
 */
export async function createServingCertificate(
  options: CertificateOptions,
  context: { readonly logger: Logger; readonly metrics: Metrics; readonly onChange: UsePair },
): Promise<ServingCertificate> {
  if (options.kind === 'self-managed') {
    const { connectSelfManagedCertificate } = await import(
      './self-managed/connect-self-managed-certificate.ts'
    )
    return connectSelfManagedCertificate({ ...options, ...context })
  }
  return new CertificateFiles({
    certificatePath: options.certPath,
    privateKeyPath: options.keyPath,
    ...context,
    now: () => new Date(),
  })
}
