const QUOTED = /'([^']*)'|"([^"]*)"/g

/** Splits `--a=1 --b='x y'` at spaces outside of quotes, as a shell would; `undefined` when a quote has no end. */
export function splitArguments(text: string): readonly string[] | undefined {
  if (/['"]/.test(text.replace(QUOTED, ''))) return undefined
  const words = text.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? []
  return words.map((word) => word.replace(QUOTED, '$1$2'))
}
