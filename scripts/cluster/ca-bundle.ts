const BLOCK = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g

/** Whether a bundle holds every certificate of `wanted`, and `wanted` holds any: line lengths and order mean nothing. */
export function holdsCertificates(bundlePem: string, wantedPem: string): boolean {
  const [held, wanted] = [readBlocks(bundlePem), readBlocks(wantedPem)]
  return wanted.size > 0 && [...wanted].every((each) => held.has(each))
}

/** The bundle with the certificates of `addedPem` that it lacks; as it was, byte for byte, where it lacks none. */
export function addCertificates(bundlePem: string, addedPem: string): string {
  const held = readBlocks(bundlePem)
  const missing = [...addedPem.matchAll(BLOCK)].filter(([, body = '']) => !held.has(strip(body)))
  if (missing.length === 0) return bundlePem
  return [bundlePem.trimEnd(), ...missing.map(([block]) => block), '']
    .filter((text, index) => text !== '' || index > 0)
    .join('\n')
}

function readBlocks(pem: string): Set<string> {
  return new Set([...pem.matchAll(BLOCK)].map(([, body = '']) => strip(body)))
}

function strip(body: string): string {
  return body.replace(/\s/g, '')
}
