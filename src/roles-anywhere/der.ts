/** One element of ASN.1 in DER. */
export interface DerElement {
  readonly tag: number
  readonly content: Buffer
}

/** The tags that certificates and keys are told apart by. */
export const DER_TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  sequence: 0x30,
  version: 0xa0,
} as const

/** Reads the elements that follow each other in `bytes`, not those inside them; `undefined` where it is no DER. */
export function readElements(bytes: Buffer): readonly DerElement[] | undefined {
  const elements: DerElement[] = []
  let offset = 0
  while (offset < bytes.length) {
    const header = readHeader(bytes, offset)
    if (header === undefined || header.end > bytes.length) return undefined
    elements.push({ tag: header.tag, content: bytes.subarray(header.start, header.end) })
    offset = header.end
  }
  return elements
}

/** Reads what is in a sequence; empty where the element is none. */
export function readSequence(element: DerElement | undefined): readonly DerElement[] {
  return element?.tag === DER_TAG.sequence ? (readElements(element.content) ?? []) : []
}

/** Lengths of four bytes, the most that a Buffer's offsets are good for. */
const MAX_LENGTH_BYTES = 4

function readHeader(bytes: Buffer, offset: number) {
  const [tag, first] = bytes.subarray(offset, offset + 2)
  if (tag === undefined || first === undefined) return undefined
  const lengthBytes = first < 0x80 ? 0 : first - 0x80
  const start = offset + 2 + lengthBytes
  if (first === 0x80 || lengthBytes > MAX_LENGTH_BYTES || start > bytes.length) return undefined
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(offset + 2, lengthBytes)
  return { tag, start, end: start + length }
}
