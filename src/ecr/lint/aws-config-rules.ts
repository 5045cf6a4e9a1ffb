import { type LocatedObject, readField } from './located.ts'
import type { Report } from './report.ts'

const SETTING = /^\s*[a-z_]+\s*=/

/** Whether a file is an AWS config file, as the credential provider of EKS Anywhere reads it from a Secret. */
export function isAwsConfig(text: string): boolean {
  const [first = ''] = text.split('\n').filter((line) => /^\s*[^\s#;]/.test(line))
  return SETTING.test(first) || (/^\s*\[[\w .-]+\]\s*$/.test(first) && /^\s*[a-z_]+\s*=/m.test(text))
}

/** Checks that the settings of an AWS config file are of some profile: the SDKs pass over the others. */
export function checkAwsConfig(text: string, firstLine: number, report: Report): void {
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*\[/.test(line)) return
    if (SETTING.test(line)) {
      report.warn(
        firstLine + index,
        'settings before the first profile are passed over',
        'write [default] above them',
      )
      return
    }
  }
}

/** Checks the AWS config file in a Secret, under `config`. */
export function checkSecret(secret: LocatedObject, report: Report): void {
  const plain = readField(secret, 'stringData', 'object', report)?.fields.get('config')?.value
  if (plain?.kind === 'text') checkAwsConfig(plain.text, plain.firstContentLine, report)
  const encoded = readField(secret, 'data', 'object', report)?.fields.get('config')
  if (encoded?.value.kind !== 'text') return
  const text = Buffer.from(encoded.value.text, 'base64').toString()
  const line = /^\s*[a-z_]+\s*=/.test(text) ? encoded.line : undefined
  if (line !== undefined) checkAwsConfig(text.split('\n', 1).join(''), line, report)
}
