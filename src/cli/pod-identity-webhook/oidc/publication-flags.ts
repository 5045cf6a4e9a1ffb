import { locateIssuer } from '../../../oidc/publishing/issuer-location.ts'
import type { PublicationOptions } from '../../../oidc/publishing/publication.ts'
import type { CommandIo } from '../../engine/command.ts'
import type { FlagGroup, GroupValues } from '../../engine/flag-table.ts'
import { UsageError } from '../../engine/usage-error.ts'
import { CLUSTER_FLAGS } from '../flags/cluster-flags.ts'
import { KEY_FLAGS, toKeySource } from './key-flags.ts'

const DAY_MS = 24 * 3_600_000

const PLACE_FLAGS = {
  title: 'Where to publish',
  flags: {
    bucket: {
      kind: 'string',
      name: 'bucket',
      placeholder: 'NAME',
      help: 'S3 bucket of the issuer, made if there is none.',
    },
    region: {
      kind: 'string',
      name: 'region',
      placeholder: 'REGION',
      accepts: { pattern: /^[a-z]{2,}(?:-[a-z0-9]+)+$/, description: 'a region such as eu-central-1' },
      help: 'Region of the bucket. Without it $AWS_REGION, $AWS_DEFAULT_REGION, or that of the profile.',
    },
    prefix: {
      kind: 'string',
      name: 'prefix',
      placeholder: 'PATH',
      help: 'What the keys of the objects begin with, so that one bucket serves many clusters.',
    },
    isVirtualHost: {
      kind: 'boolean',
      name: 'virtual-host',
      help: 'Name the bucket in the host of the issuer, https://BUCKET.s3.REGION.amazonaws.com, not in its path.',
    },
    retireAfterMs: {
      kind: 'duration',
      name: 'retire-after',
      default: '24h',
      maxMs: 365 * DAY_MS,
      help: 'How long a key stays published after the cluster gave it up. Tokens live up to 24h.',
    },
    isAdopted: {
      kind: 'boolean',
      name: 'adopt',
      help: 'Use a bucket that holds other things; its tags and the statements of its policy are kept.',
    },
  },
} as const satisfies FlagGroup

/** The flags of `oidc publish` and `oidc sync`. */
export const PUBLICATION_GROUPS = { place: PLACE_FLAGS, keys: KEY_FLAGS, cluster: CLUSTER_FLAGS }

/** Throws a UsageError where the flags name no place, or no place that can be an issuer. */
export function toPublicationOptions(
  { place, keys, cluster }: GroupValues<typeof PUBLICATION_GROUPS>,
  { env }: CommandIo,
): PublicationOptions {
  const { bucket, prefix = '', isVirtualHost, retireAfterMs, isAdopted } = place
  if (bucket === undefined) throw new UsageError('--bucket is needed: the S3 bucket of the issuer')
  const region = place.region ?? (env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || undefined)
  try {
    locateIssuer({ bucket, region: region ?? 'us-east-1', prefix, isVirtualHost })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  return {
    place: { bucket, region, prefix, isVirtualHost },
    keySource: toKeySource(keys, cluster),
    retireAfterMs,
    isAdopted,
    environment: env,
  }
}
