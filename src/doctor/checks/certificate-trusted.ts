import { X509Certificate } from 'node:crypto'
import { type Flaw, fail, joinFlaws, pass, skip, type Verdict, warn } from '../../checks/verdict.ts'
import type { CheckContext } from '../check.ts'
import { serviceOf } from '../installation.ts'
import { readStatuses } from './replicas.ts'

const DAY_MS = 86_400_000
/** As the alerts have it: both ways of making certificates have renewed them long before. */
const SOON_MS = 7 * DAY_MS

/** Whether API servers take what each replica serves: signed by the caBundle, for the Service's name, and valid. */
export async function checkCertificateTrusted({ installation, nowMs }: CheckContext): Promise<Verdict> {
  const entries = await installation.entries()
  const statuses = await readStatuses(installation)
  if (entries.length === 0 || statuses.length === 0)
    return skip('there is no registered webhook with a replica')
  const flaws: Flaw[] = []
  const ends: { readonly pod: string; readonly endMs: number }[] = []
  for (const { pod, status } of statuses) {
    if (status.certificate === undefined) {
      flaws.push({ message: `pod ${pod} has no certificate yet`, hint: 'its log and /readyz say why' })
      continue
    }
    const chain = readPems(status.certificate.chainPem)
    ends.push({ pod, endMs: Date.parse(status.certificate.notAfter) })
    for (const entry of entries) {
      const { name = '', namespace = '' } = serviceOf(entry) ?? {}
      const bundle = Buffer.from(entry.clientConfig.caBundle ?? '', 'base64').toString()
      const problem = findProblem(chain, readPems(bundle), {
        host: `${name}.${namespace}.svc`,
        nowMs: nowMs(),
      })
      if (problem !== undefined)
        flaws.push({
          message: `API servers refuse what pod ${pod} serves: ${problem} (entry ${entry.name})`,
          hint: 'let the replicas mend caBundle (--in-cluster=true), or cert-manager; a caBundle of your own must be the CA of the serving certificate',
        })
    }
  }
  if (flaws.length > 0) return fail(joinFlaws(flaws))
  const [first] = ends.toSorted((a, b) => a.endMs - b.endMs)
  if (first === undefined) return skip('no replica has a certificate')
  const end = new Date(first.endMs).toISOString()
  if (first.endMs - nowMs() < SOON_MS)
    return warn({
      message: `the certificate of pod ${first.pod} ends ${end}`,
      hint: 'it should have been renewed by now: see the logs of the replicas, or of cert-manager',
    })
  return pass(`the caBundle signed what each replica serves, until ${end}`)
}

function readPems(text: string): readonly X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)]
    } catch {
      return []
    }
  })
}

function findProblem(
  [leaf, ...intermediates]: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  { host, nowMs }: { readonly host: string; readonly nowMs: number },
): string | undefined {
  if (authorities.length === 0) return 'the caBundle holds no certificate'
  if (leaf === undefined) return 'it is no certificate'
  if (leaf.checkHost(host) === undefined) return `it is not for ${host}`
  if (leaf.validToDate.getTime() <= nowMs) return `it ended ${leaf.validToDate.toISOString()}`
  if (leaf.validFromDate.getTime() > nowMs) return `it begins ${leaf.validFromDate.toISOString()}`
  const signed = [leaf]
  for (let current = leaf; signed.length <= intermediates.length + 1; ) {
    const isSigner = (candidate: X509Certificate) =>
      current.checkIssued(candidate) && current.verify(candidate.publicKey)
    if (authorities.some((authority) => authority.validToDate.getTime() > nowMs && isSigner(authority)))
      return undefined
    const next = intermediates.find((candidate) => !signed.includes(candidate) && isSigner(candidate))
    if (next === undefined) break
    signed.push(next)
    current = next
  }
  return 'no certificate of the caBundle signed it'
}
