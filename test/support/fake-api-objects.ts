/** An object to put into the fake API server. */
export interface FakeObject {
  /** Empty for objects of no namespace. */
  readonly namespace: string
  readonly name: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly data?: Readonly<Record<string, string>>
  /** What else it has beside its metadata. */
  readonly fields?: Readonly<Record<string, unknown>>
  /** The time of its managedFields, as the API server writes it. */
  readonly changedAt?: string
}

/** The object as the API server would write it, as JSON. */
export function writeObject(object: FakeObject, version: number): string {
  return JSON.stringify({
    metadata: {
      name: object.name,
      ...(object.namespace !== '' && { namespace: object.namespace }),
      uid: `00000000-0000-4000-8000-${String(version).padStart(12, '0')}`,
      resourceVersion: String(version),
      creationTimestamp: '2026-01-01T00:00:00Z',
      annotations: object.annotations,
      managedFields: [
        {
          manager: 'kubectl-client-side-apply',
          operation: 'Update',
          apiVersion: 'v1',
          time: object.changedAt ?? '2026-01-01T00:00:00Z',
          fieldsType: 'FieldsV1',
          fieldsV1: {
            'f:metadata': {
              'f:annotations': { '.': {}, 'f:kubectl.kubernetes.io/last-applied-configuration': {} },
            },
          },
        },
      ],
    },
    data: object.data,
    ...object.fields,
  })
}

/** The object that was written so. */
export function readObject(json: string): FakeObject {
  const { metadata, data, ...fields } = JSON.parse(json)
  const { name, namespace = '', annotations } = metadata
  return { name, namespace, annotations, data, fields }
}

/** What a BOOKMARK event carries, as JSON. */
export function writeBookmark(version: number): string {
  return JSON.stringify({ metadata: { resourceVersion: String(version), creationTimestamp: null } })
}

/** The Status of an error, as JSON. */
export function writeStatus(status: number, reason: string): string {
  return JSON.stringify({
    kind: 'Status',
    status: 'Failure',
    code: status,
    reason,
    message: `fake ${reason}`,
  })
}

/** A line of a watch. */
export function writeEvent(type: string, json: string): string {
  return `{"type":"${type}","object":${json}}\n`
}
