import { findPartition, partitionOfRegion } from '../../aws/partitions.ts'
import { type Issuer, parseIssuer } from '../../iam/issuer-url.ts'
import { quoteText } from '../../text/quoted-text.ts'
import { DISCOVERY_PATH, KEYS_PATH } from '../documents/discovery-document.ts'

/** Where an issuer's documents are to be in S3. */
export interface IssuerPlace {
  readonly bucket: string
  readonly region: string
  /** What the keys of both objects begin with, without slashes at its ends; empty for none. */
  readonly prefix: string
  /** Whether the bucket is named by the host of the issuer, not by its path. */
  readonly isVirtualHost: boolean
}

/** The place with all names that follow from it. */
export interface IssuerLocation extends IssuerPlace {
  readonly issuer: Issuer
  readonly partition: string
  readonly bucketArn: string
  /** Keys of the two objects. */
  readonly keysKey: string
  readonly discoveryKey: string
}

const BUCKET_NAME = /^(?=.{3,63}$)[a-z0-9](?:[-a-z0-9]|\.(?!\.))*[a-z0-9]$/

/** Characters that mean the same in an object's key, in a URL and in a policy. */
const PREFIX = /^(?:[\w~-][\w.~-]*(?:\/[\w~-][\w.~-]*)*)?$/

/** Names the issuer and its objects. Throws an Error of one line on a bucket or a prefix that cannot be part of an issuer. */
export function locateIssuer(place: IssuerPlace): IssuerLocation {
  const { bucket, region, prefix, isVirtualHost } = place
  if (!BUCKET_NAME.test(bucket))
    throw new Error(
      `bucket ${quoteText(bucket)}: a name has 3 to 63 lower-case letters, digits, dashes and dots`,
    )
  if (isVirtualHost && bucket.includes('.'))
    throw new Error(
      `bucket ${bucket}: S3's certificate does not cover names with a dot as hosts; leave --virtual-host out`,
    )
  if (!PREFIX.test(prefix))
    throw new Error(
      `prefix ${quoteText(prefix)}: it takes letters, digits, - _ . ~ and single slashes between`,
    )
  const partition = partitionOfRegion(region)
  const host = `s3.${region}.${findPartition(partition)?.dnsSuffix ?? 'amazonaws.com'}`
  const base = isVirtualHost ? `https://${bucket}.${host}` : `https://${host}/${bucket}`
  const start = prefix === '' ? '' : `${prefix}/`
  return {
    ...place,
    issuer: parseIssuer(prefix === '' ? base : `${base}/${prefix}`),
    partition,
    bucketArn: `arn:${partition}:s3:::${bucket}`,
    keysKey: start + KEYS_PATH,
    discoveryKey: start + DISCOVERY_PATH,
  }
}
