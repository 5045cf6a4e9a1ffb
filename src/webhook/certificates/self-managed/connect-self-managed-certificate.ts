import { homedir } from 'node:os'
import { ApiClient } from '../../../kubernetes/api-client.ts'
import { findConnection } from '../../../kubernetes/connection-source.ts'
import { SYSTEM_TIMING } from '../../../kubernetes/timing.ts'
import type { ApiServerSource } from '../../serve-options.ts'
import type { ServingCertificate } from '../serving-certificate.ts'
import { SelfManagedCertificate, type SelfManagedCertificateOptions } from './self-managed-certificate.ts'

/** Finds the API server and keeps the certificate there; rejects in one line where there is none to be found. */
export async function connectSelfManagedCertificate(
  options: Omit<SelfManagedCertificateOptions, 'client' | 'timing'> & { readonly source: ApiServerSource },
): Promise<ServingCertificate> {
  const { source } = options
  const connection = await findConnection({
    kubeconfigPath: source.kubeconfig,
    server: source.apiServerUrl,
    environment: process.env,
    homeFolder: homedir(),
    timing: SYSTEM_TIMING,
  })
  return new SelfManagedCertificate({
    ...options,
    client: new ApiClient(connection),
    timing: SYSTEM_TIMING,
  })
}
