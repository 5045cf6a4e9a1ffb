import { SYSTEM_TIMING } from '../../../kubernetes/timing.ts'
import { connectApiServer } from '../../connect-api-server.ts'
import type { ApiServerSource } from '../../serve-options.ts'
import type { ServingCertificate } from '../serving-certificate.ts'
import { SelfManagedCertificate, type SelfManagedCertificateOptions } from './self-managed-certificate.ts'

/** Finds the API server and keeps the certificate there; rejects in one line where there is none to be found. */
export async function connectSelfManagedCertificate(
  options: Omit<SelfManagedCertificateOptions, 'client' | 'timing'> & { readonly source: ApiServerSource },
): Promise<ServingCertificate> {
  return new SelfManagedCertificate({
    ...options,
    client: await connectApiServer(options.source),
    timing: SYSTEM_TIMING,
  })
}
