/** The longest value that is repeated; names, ARNs and paths of people are shorter. */
const MAX_PLAIN_CHARACTERS = 200

/** A run of base64 with capitals and digits among it, as keys are written in. */
const BASE64_RUN = /[A-Za-z0-9+/=]{32,}/g

/** JSON in base64url begins so: the first part of a JWT. */
const JWT = /\beyJ[\w-]{6}/

/** The members that every kubeconfig has, in YAML or JSON. */
const KUBECONFIG = /"?\b(?:clusters|users|contexts)"?\s*:/

/**
 * Says in a few words what a value is that must not be repeated, such as `a private key in PEM, 241 characters`; undefined
 * for one that may be.
 */
export function describeSecret(text: string): string | undefined {
  const kind = nameKind(text)
  return kind === undefined ? undefined : `${kind}, ${text.length} characters`
}

function nameKind(text: string): string | undefined {
  const label = /-----BEGIN ([A-Z0-9 ]*)/.exec(text)?.[1]
  if (label !== undefined) {
    if (label.includes('PRIVATE KEY')) return 'a private key in PEM'
    return label === 'CERTIFICATE' ? 'a certificate in PEM' : 'a text in PEM'
  }
  if (/[\r\n]/.test(text)) return KUBECONFIG.test(text) ? 'a kubeconfig' : 'a text of several lines'
  if (JWT.test(text)) return 'a token'
  if (holdsKey(text)) return 'what may be a key'
  return text.length > MAX_PLAIN_CHARACTERS ? 'a long text' : undefined
}

function holdsKey(text: string): boolean {
  return [...text.matchAll(BASE64_RUN)].some(([run]) => /[A-Z]/.test(run) && /\d/.test(run))
}

/** Whether a value is the content of a file beyond doubt, where the file's name was wanted. */
export function isFileContent(text: string): boolean {
  return /-----BEGIN |[\r\n\0]/.test(text) || text.length > 4096
}

/** So long a part of a secret gives it away. */
const PART_CHARACTERS = 12

/** Replaces parts of secrets in a text by what they are. */
export type Concealer = (text: string) => string

/**
 * Makes a concealer of the values among these that may be secrets; undefined where none is.
 *
 * It is what is left where a message was not made by {@link quoteText}: the system's own, a library's, one of many.
 */
export function createConcealer(values: readonly string[]): Concealer | undefined {
  const secrets = values.flatMap((value) => {
    const description = describeSecret(value)
    return description === undefined ? [] : [{ description, parts: listParts(value) }]
  })
  if (secrets.length === 0) return undefined
  return (text) =>
    secrets.reduce((rest, { description, parts }) => concealParts(rest, parts, `<${description}>`), text)
}

/** All parts of that length, without line ends: messages fold them. */
function listParts(secret: string): ReadonlySet<string> {
  const parts = new Set<string>()
  for (const line of secret.split(/[\r\n]+|\\n/)) {
    for (let start = 0; start + PART_CHARACTERS <= line.length; start++)
      parts.add(line.slice(start, start + PART_CHARACTERS))
  }
  return parts
}

function concealParts(text: string, parts: ReadonlySet<string>, replacement: string): string {
  let result = ''
  let position = 0
  let isConcealing = false
  for (let start = 0; start + PART_CHARACTERS <= text.length; start++) {
    if (!parts.has(text.slice(start, start + PART_CHARACTERS))) continue
    if (start > position) {
      // What lies between two lines of one secret, such as an escaped line end, is of it.
      const isGapOfSecret = isConcealing && start - position <= 4
      if (!isGapOfSecret) result += text.slice(position, start) + replacement
    } else if (!isConcealing) result += replacement
    isConcealing = true
    position = start + PART_CHARACTERS
  }
  return result + text.slice(position)
}
