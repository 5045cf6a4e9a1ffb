import type { Issuer } from '../../iam/issuer-url.ts'
import { DISCOVERY_PATH } from '../documents/discovery-document.ts'
import { fail, joinFlaws, pass, type Verdict, warn } from './check.ts'
import { type FetchSurroundings, fetchDocument } from './fetched-document.ts'
import { remarkOnAddress } from './private-address.ts'

/** The members of a discovery document; `undefined` where it could not be read. */
export type Discovery = Readonly<Record<string, unknown>> | undefined

/** Reads the issuer's discovery document where STS looks for it. */
export async function checkIssuerReachable(
  issuer: Issuer,
  surroundings: FetchSurroundings,
): Promise<{ readonly verdict: Verdict; readonly discovery: Discovery }> {
  const url = `${issuer.baseUrl}/${DISCOVERY_PATH}`
  const document = await fetchDocument(url, surroundings)
  if (document.kind === 'failed') return { verdict: fail(document.flaw), discovery: undefined }
  const remarks = [...document.remarks, ...(await remarkOnAddress(new URL(issuer.url), surroundings.env))]
  const verdict = remarks.length === 0 ? pass(`${url} is served`) : warn(joinFlaws(remarks))
  return { verdict, discovery: document.members }
}
