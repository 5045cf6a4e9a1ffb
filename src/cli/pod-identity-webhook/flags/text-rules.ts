import type { TextRule } from '../../engine/flag-table.ts'

/** A name as most Kubernetes objects have it (RFC 1123). */
export const DNS_SUBDOMAIN = {
  pattern: /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/,
  description: 'a name of lower-case letters, digits, dashes and dots such as eks.amazonaws.com',
} as const satisfies TextRule

/** A name as namespaces, Services and volumes have it (RFC 1123). */
export const DNS_LABEL = {
  pattern: /^(?=.{1,63}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/,
  description: 'a name of up to 63 lower-case letters, digits and dashes',
} as const satisfies TextRule

/** A mountPath: the API server refuses a colon in it. */
export const MOUNT_PATH = {
  pattern: /^\/[^:]*$/,
  description: 'an absolute path without a colon',
} as const satisfies TextRule

/** The path of a file in a volume, as the API server accepts it. */
export const RELATIVE_PATH = {
  pattern: /^(?!\/)(?!(?:.*\/)?\.\.(?:\/|$)).+$/,
  description: 'a relative path without ..',
} as const satisfies TextRule

export const FILE_PATH = { pattern: /./, description: 'a path' } as const satisfies TextRule

export const HTTP_URL = {
  pattern: /^https?:\/\/[^\s/]/,
  description: 'a URL that begins with http:// or https://',
} as const satisfies TextRule

export const AWS_ACCOUNT_ID = {
  pattern: /^\d{12}$/,
  description: 'twelve digits',
} as const satisfies TextRule

export const AWS_PARTITION = {
  pattern: /^aws(?:-[a-z0-9]+)*$/,
  description: 'a partition such as aws, aws-cn or aws-us-gov',
} as const satisfies TextRule

/** A ServiceAccount with its namespace. */
export const SERVICE_ACCOUNT = {
  pattern: /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\/(?=.{1,253}$)[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/,
  description: 'NAMESPACE/NAME',
} as const satisfies TextRule
