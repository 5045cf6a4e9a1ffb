/**
 * Reads the names in a `skip-containers` annotation: one record of comma-separated values by RFC 4180, where a name may
 * be quoted; spaces around a name do not count. `undefined` when quotes do not match: then nothing is skipped, as in
 * the Go webhook.
 */
export function parseSkipContainers(text: string): ReadonlySet<string> | undefined {
  const names = new Set<string>()
  const field = /\s*(?:"((?:[^"]|"")*)"|([^",\r\n]*))\s*(,|$)/y
  const record = text.replace(/^[\r\n]+/, '')
  const end = findRecordEnd(record)
  const line = record.slice(0, end)
  for (let position = 0; position <= line.length; position = field.lastIndex) {
    field.lastIndex = position
    const match = field.exec(line)
    if (match === null) return undefined
    const name = (match[1]?.replaceAll('""', '"') ?? match[2] ?? '').trim()
    if (name !== '') names.add(name)
    if (match[3] === '') return names
  }
  return names
}

/** A record ends with the first line break outside quotes. */
function findRecordEnd(text: string): number {
  let isQuoted = false
  for (let index = 0; index < text.length; index++) {
    if (text[index] === '"') isQuoted = !isQuoted
    if (!isQuoted && (text[index] === '\n' || text[index] === '\r')) return index
  }
  return text.length
}
