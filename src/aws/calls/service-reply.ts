import type { HttpReply } from '../http-exchange.ts'
import { ServiceError, UnreadableReplyError } from './service-error.ts'

/** Reads an answer in JSON. Throws a {@link ServiceError} or an {@link UnreadableReplyError}. */
export function readJsonReply({ status, headers, body }: HttpReply): Readonly<Record<string, unknown>> {
  const value = parseObject(body)
  if (isSuccess(status) && value !== undefined) return value
  const { __type, code, message, Message } = value ?? {}
  const type = [__type, code, headers['x-amzn-errortype']].find((name) => typeof name === 'string')
  // A namespace may stand before the name, and a URL after it.
  const name = String(type ?? '')
    .replace(/[:,].*$/s, '')
    .replace(/^.*#/s, '')
  if (isSuccess(status) || name === '') throw new UnreadableReplyError(status)
  throw new ServiceError(name, String(message ?? Message ?? 'UnknownError'), status)
}

/**
 * Reads the texts of XML elements, which may be anywhere in the document; `undefined` for those that are absent. Throws
 * as {@link readJsonReply}; `root` is what an answer begins with.
 */
export function readXmlReply<const Name extends string>(
  { status, body }: HttpReply,
  root: string,
  names: readonly Name[],
): Readonly<Record<Name, string | undefined>> {
  if (isSuccess(status) && body.includes(`<${root}`)) {
    return Object.fromEntries(names.map((name) => [name, readElement(body, name)])) as Record<Name, string>
  }
  const code = readElement(body, 'Code')
  if (isSuccess(status) || !code) throw new UnreadableReplyError(status)
  throw new ServiceError(code, readElement(body, 'Message') ?? 'Unknown', status)
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function readElement(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
  return text?.trim().replaceAll(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, decodeReference)
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decodeReference(reference: string, decimal?: string, hex?: string, entity?: string): string {
  if (entity !== undefined) return ENTITIES[entity] ?? reference
  const point = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
  return point <= 0x10ffff ? String.fromCodePoint(point) : reference
}
