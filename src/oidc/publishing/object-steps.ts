import type { Step } from '../../aws/step.ts'
import { renderDiscoveryDocument } from '../documents/discovery-document.ts'
import { parseKeySet, renderKeySet } from '../documents/key-set.ts'
import { identifyKey, isSameKey, type SigningKey } from '../documents/signing-key.ts'
import type { BucketClient, StoredObject } from './bucket-client.ts'
import type { BucketState } from './bucket-state.ts'
import type { IssuerLocation } from './issuer-location.ts'
import { CACHE_CONTROL, DISCOVERY_TYPE, KEYS_TYPE } from './own-documents.ts'
import { type MissingSince, type Retirement, readMissingSince, writeMissingSince } from './retirement.ts'

/** Metadata of the keys' object: since when its retiring keys are missing. */
const MISSING_SINCE = 'missing-since'

/** What is published so far. */
export interface PublishedKeys {
  readonly keys: readonly SigningKey[]
  readonly missingSince: MissingSince
}

/** Throws an Error of one line where the object holds no keys. */
export function readPublishedKeys(
  object: StoredObject | undefined,
  { bucket, keysKey }: IssuerLocation,
): PublishedKeys {
  if (object === undefined) return { keys: [], missingSince: new Map() }
  try {
    return {
      keys: parseKeySet(JSON.parse(object.body)),
      missingSince: readMissingSince(object.metadata.get(MISSING_SINCE) ?? ''),
    }
  } catch (error) {
    const cause = error instanceof SyntaxError ? 'it is no JSON' : (error as Error).message
    throw new Error(
      `s3://${bucket}/${keysKey}: ${cause}; take that one out of it, or where there are no keys at all move the object away`,
      { cause: error },
    )
  }
}

/** Plans the two objects, keys first: a discovery document never promises what is not there. */
export function planObjects(
  state: Pick<BucketState, 'keysObject' | 'discoveryObject'>,
  location: IssuerLocation,
  {
    client,
    published,
    retirement,
  }: {
    readonly client: BucketClient
    readonly published: PublishedKeys
    readonly retirement: Retirement
  },
): readonly Step[] {
  const { keys, retiring } = retirement
  const keysObject: StoredObject = {
    body: renderKeySet(keys),
    contentType: KEYS_TYPE,
    cacheControl: CACHE_CONTROL,
    metadata: new Map(retiring.length === 0 ? [] : [[MISSING_SINCE, writeMissingSince(retiring)]]),
  }
  const discoveryObject: StoredObject = {
    body: renderDiscoveryDocument(location.issuer, keys),
    contentType: DISCOVERY_TYPE,
    cacheControl: CACHE_CONTROL,
    metadata: new Map(),
  }
  const steps = [
    planObject(location.keysKey, state.keysObject, keysObject, describeKeys(published, retirement)),
    planObject(
      location.discoveryKey,
      state.discoveryObject,
      discoveryObject,
      `issuer ${location.issuer.url}`,
    ),
  ]
  return steps.flatMap((step) => step ?? [])

  function planObject(
    key: string,
    current: StoredObject | undefined,
    wanted: StoredObject,
    detail: string,
  ): Step | undefined {
    if (current !== undefined && isSameObject(current, wanted)) return undefined
    const resource = `s3://${location.bucket}/${key}`
    const metadata = wanted.metadata.size === 0 ? [] : [JSON.stringify(Object.fromEntries(wanted.metadata))]
    return {
      action: current === undefined ? 'create' : 'update',
      resource,
      detail,
      commands: [
        {
          args: [
            ...['aws', 's3', 'cp', '-', resource, '--region', location.region],
            ...['--content-type', wanted.contentType, '--cache-control', wanted.cacheControl],
            ...metadata.flatMap((text) => ['--metadata', text]),
          ],
          stdin: wanted.body,
        },
      ],
      apply: () => client.writeObject(key, wanted),
    }
  }
}

/** Metadata of others on our objects does no harm. */
function isSameObject(current: StoredObject, wanted: StoredObject): boolean {
  return (
    current.body === wanted.body &&
    current.contentType === wanted.contentType &&
    current.cacheControl === wanted.cacheControl &&
    current.metadata.get(MISSING_SINCE) === wanted.metadata.get(MISSING_SINCE)
  )
}

/** What changes of the keys, in words. */
function describeKeys(published: PublishedKeys, { keys, retiring, retired }: Retirement): string {
  const wasRetiring = (key: SigningKey) => published.missingSince.has(identifyKey(key))
  const added = keys.filter((key) => !published.keys.some((other) => isSameKey(key, other)))
  const newlyRetiring = retiring.filter(({ key }) => !wasRetiring(key))
  const back = keys.filter((key) => wasRetiring(key) && !retiring.some((other) => isSameKey(other.key, key)))
  const parts = [
    [added.map(nameKey), 'added'],
    [back.map(nameKey), 'no longer retiring'],
    [newlyRetiring.map(({ key }) => nameKey(key)), 'retiring'],
    [retired.map(nameKey), 'removed'],
  ] as const
  const told = parts
    .filter(([names]) => names.length > 0)
    .map(([names, what]) => `${names.join(', ')} ${what}`)
  return told.length === 0 ? 'the same keys, in another form' : told.join('; ')
}

/** A key as people are told of it. */
export function nameKey({ kid, alg }: SigningKey): string {
  return kid === '' ? `${alg} key without kid` : `key ${kid}`
}
