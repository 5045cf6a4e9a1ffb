/** What this project reads of an object of the API server. */
export interface ApiObject {
  readonly metadata: {
    readonly name: string
    /** Absent on objects of no namespace. */
    readonly namespace?: string
    readonly resourceVersion: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly labels?: Readonly<Record<string, string>>
    /** Once the object is being deleted. */
    readonly deletionTimestamp?: string
    readonly managedFields?: readonly { readonly time?: string }[]
  }
  /** A ConfigMap's, or a Secret's in base64; absent where only metadata was asked for. */
  readonly data?: Readonly<Record<string, string>>
}

/** One page of a list. */
export interface ApiList {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string }
  readonly items?: readonly ApiObject[] | null
}

/**
 * Whether resourceVersion `left` is `right` or a later one.
 *
 * They are decimal numbers of any length (API conventions, "comparing resourceVersions"); others compare by equality alone.
 */
export function isAtLeastVersion(left: string, right: string): boolean {
  if (left === right) return true
  if (!/^[1-9]\d*$/.test(left) || !/^[1-9]\d*$/.test(right)) return false
  return left.length === right.length ? left > right : left.length > right.length
}
