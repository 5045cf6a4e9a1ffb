import { type CheckWords, describeNetworkFailure, readNetworkFailure } from '../text/network-failure.ts'
import { RolesAnywhereError } from './roles-anywhere-error.ts'

const WORDS: CheckWords = {
  endpoint: '--endpoint',
  region: 'the region',
  dns: 'DNS',
  network: 'the network',
  proxy: 'HTTPS_PROXY',
  clock: "this machine's clock",
  authority: 'AWS_CA_BUNDLE',
}

/** The error for an attempt that got no reply: what happened, and what to check. */
export function describeNetworkError(error: unknown, url: URL): RolesAnywhereError {
  const reason = describeNetworkFailure(readNetworkFailure(error), WORDS)
  return new RolesAnywhereError(`cannot reach ${url.host}: ${reason}`, { cause: error })
}
