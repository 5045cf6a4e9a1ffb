import { quotePublicText, quoteText, quoteTexts } from '../../text/quoted-text.ts'
import { type Flaw, fail, joinFlaws, pass, skip, type Verdict, warn } from './check.ts'
import type { ClusterReading } from './cluster.ts'
import { type FetchSurroundings, fetchDocument, nameUrl } from './fetched-document.ts'
import type { Discovery } from './issuer-reachable.ts'
import { type ListedKey, readKeySet } from './listed-key.ts'
import { remarkOnAddress } from './private-address.ts'

const PUBLISH = 'publish the keys again with `pod-identity-webhook oidc publish --from-cluster`'

/** Reads the key set that the discovery document names, and compares it with the keys that the cluster signs with. */
export async function checkKeysPublished(
  discovery: Discovery,
  cluster: ClusterReading,
  surroundings: FetchSurroundings,
): Promise<{ readonly verdict: Verdict; readonly published: readonly ListedKey[] | undefined }> {
  const unread = (verdict: Verdict) => ({ verdict, published: undefined })
  if (discovery === undefined) return unread(skip('issuer-reachable failed: no document names the keys'))
  const url = discovery['jwks_uri']
  if (typeof url !== 'string')
    return unread(fail({ message: 'the discovery document has no jwks_uri', hint: PUBLISH }))
  const document = await fetchDocument(url, surroundings)
  if (document.kind === 'failed') return unread(fail(document.flaw))
  const published = readKeySet(document.members)
  if (published === undefined || published.length === 0)
    return unread(fail({ message: `${nameUrl(url)}: it lists no keys`, hint: PUBLISH }))
  const signing = readSigningKeys(cluster)
  const flaws = [
    ...findPrivateMembers(published, nameUrl(url)),
    ...('flaw' in signing ? [signing.flaw] : compareKeys(signing.keys, published, discovery)),
  ]
  if (flaws.length > 0) return { verdict: fail(joinFlaws(flaws)), published }
  const address = await remarkOnAddress(new URL(url), surroundings.env)
  const remarks = [...document.remarks, ...address, ...remarkOnKids(published)]
  if (cluster.kind !== 'read')
    remarks.push({ message: "they were not compared with the cluster's, which could not be read", hint: '' })
  const count = `${published.length === 1 ? 'one key is' : `${published.length} keys are`} published`
  if (remarks.length > 0) {
    const { message, hint } = joinFlaws(remarks)
    return { verdict: warn({ message: `${count}; ${message}`, hint }), published }
  }
  return { verdict: pass(`${count}, with all that the cluster signs with`), published }
}

type SigningKeys = { readonly keys: readonly ListedKey[] } | { readonly flaw: Flaw }

/** None where the cluster could not be read, which issuer-matches says. */
function readSigningKeys(cluster: ClusterReading): SigningKeys {
  if (cluster.kind !== 'read') return { keys: [] }
  if ('flaw' in cluster.keys) return cluster.keys
  const keys = readKeySet(cluster.keys.value) ?? []
  if (keys.length > 0) return { keys }
  return {
    flaw: {
      message: 'the cluster lists no keys at /openid/v1/jwks',
      hint: 'check --service-account-key-file of kube-apiserver',
    },
  }
}

/** What is wrong with the published keys, given those that tokens are signed with. */
export function compareKeys(
  signing: readonly ListedKey[],
  published: readonly ListedKey[],
  discovery: Readonly<Record<string, unknown>>,
): readonly Flaw[] {
  const missing = signing.filter(({ kid }) => !published.some((candidate) => candidate.kid === kid))
  const flaws: Flaw[] = []
  if (missing.length > 0) {
    const kids = quoteTexts(
      missing.map(({ kid }) => kid),
      quotePublicText,
    )
    flaws.push({ message: `the cluster signs with a key that is not published, kid ${kids}`, hint: PUBLISH })
  }
  for (const key of signing) {
    for (const candidate of published.filter(({ kid }) => kid === key.kid))
      flaws.push(...comparePair(key, candidate))
  }
  return [...flaws, ...findUnannounced(signing, discovery)]
}

function comparePair(signing: ListedKey, published: ListedKey): readonly Flaw[] {
  const kid = quotePublicText(signing.kid)
  if (published.material === undefined)
    return [{ message: `the published key with kid ${kid} is no public key`, hint: PUBLISH }]
  if (published.material !== signing.material)
    return [{ message: `the published key with kid ${kid} is another key than the cluster's`, hint: PUBLISH }]
  const algorithms = [published.algorithm, signing.algorithm].filter((name) => name !== undefined)
  if (new Set(algorithms).size < 2) return []
  const message = `the published key with kid ${kid} is for ${quoteText(algorithms[0] ?? '')}, and the cluster signs with ${quoteText(algorithms[1] ?? '')}`
  return [{ message, hint: PUBLISH }]
}

/** The list is obligatory (OpenID Connect Discovery 1.0, section 3). */
function findUnannounced(
  signing: readonly ListedKey[],
  { id_token_signing_alg_values_supported: listed }: Readonly<Record<string, unknown>>,
): readonly Flaw[] {
  const announced: readonly unknown[] = Array.isArray(listed) ? listed : []
  const used = new Set(signing.flatMap(({ algorithm }) => algorithm ?? []))
  const missing = [...used].filter((algorithm) => !announced.includes(algorithm))
  if (missing.length === 0) return []
  const message = `the cluster signs with ${quoteTexts(missing)}, which id_token_signing_alg_values_supported of the discovery document lacks`
  return [{ message, hint: PUBLISH }]
}

function findPrivateMembers(published: readonly ListedKey[], url: string): readonly Flaw[] {
  const members = [...new Set(published.flatMap(({ privateMembers }) => privateMembers))]
  if (members.length === 0) return []
  return [
    {
      message: `A PRIVATE KEY IS PUBLISHED: ${url} has the members ${members.join(', ')}, so everyone can make tokens of this cluster`,
      hint: "take it down now, give kube-apiserver a new --service-account-signing-key-file, and publish that one's public half alone",
    },
  ]
}

function remarkOnKids(published: readonly ListedKey[]): Flaw[] {
  const remarks: Flaw[] = []
  const kids = published.map(({ kid }) => kid).filter((kid) => kid !== '')
  const repeated = [...new Set(kids.filter((kid, index) => kids.indexOf(kid) !== index))]
  if (repeated.length > 0)
    remarks.push({
      message: `the kid ${quoteTexts(repeated, quotePublicText)} is listed more than once`,
      hint: PUBLISH,
    })
  if (kids.length < published.length)
    remarks.push({
      message: 'a key is listed with an empty kid',
      hint: 'leave it out, unless API servers older than 1.16 use this issuer',
    })
  return remarks
}
