/** Rebuilds a certificate with another OID for its key. */
export function replaceKeyAlgorithm(der: Buffer, oid: Buffer): Buffer {
  const [certificate] = parse(der)
  const [tbs, ...signature] = parse(certificate?.content ?? der)
  const fields = parse(tbs?.content ?? der)
  const spkiIndex = 6
  const [, bits] = parse(fields[spkiIndex]?.content ?? der)
  const spki = encode(0x30, Buffer.concat([encode(0x30, oid), bits?.whole ?? der]))
  const newFields = fields.map(({ whole }, index) => (index === spkiIndex ? spki : whole))
  return encode(
    0x30,
    Buffer.concat([encode(0x30, Buffer.concat(newFields)), ...signature.map(({ whole }) => whole)]),
  )
}

function parse(bytes: Buffer): { readonly whole: Buffer; readonly content: Buffer }[] {
  const elements = []
  for (let offset = 0; offset < bytes.length; ) {
    const first = bytes[offset + 1] ?? 0
    const extra = first < 0x80 ? 0 : first - 0x80
    const length = extra === 0 ? first : bytes.readUIntBE(offset + 2, extra)
    const start = offset + 2 + extra
    elements.push({
      whole: bytes.subarray(offset, start + length),
      content: bytes.subarray(start, start + length),
    })
    offset = start + length
  }
  return elements
}

function encode(tag: number, content: Buffer): Buffer {
  const length = content.length < 0x80 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...length), content])
}
