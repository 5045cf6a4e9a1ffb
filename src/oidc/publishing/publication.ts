import { areCredentialsMissing } from '../../aws/call-failure.ts'
import { buildClientOptions } from '../../aws/client-options.ts'
import type { Environment } from '../../aws/endpoint.ts'
import { MADE_BLIND, type Plan, type Step } from '../../aws/step.ts'
import type { Timing } from '../../kubernetes/timing.ts'
import { type KeySource, openKeySource } from '../documents/key-source.ts'
import type { SigningKey } from '../documents/signing-key.ts'
import { BucketClient } from './bucket-client.ts'
import { type BucketState, NO_BUCKET, readBucketState } from './bucket-state.ts'
import { findOpeningRefusal, planBucket } from './bucket-steps.ts'
import { findCallerAccount, findDefaultRegion } from './caller.ts'
import { type IssuerLocation, type IssuerPlace, locateIssuer } from './issuer-location.ts'
import { nameKey, planObjects, readPublishedKeys } from './object-steps.ts'
import { checkPublicReading } from './public-reading.ts'
import { planRetirement, type Retirement } from './retirement.ts'
import { keepServing } from './served-documents.ts'

/** What `oidc publish` is asked for. */
export interface PublicationOptions {
  /** Without a region, it is that of the environment or the profile. */
  readonly place: Omit<IssuerPlace, 'region'> & { readonly region: string | undefined }
  readonly keySource: KeySource
  /** How long a key that the cluster no longer has stays published. */
  readonly retireAfterMs: number
  /** Whether a bucket that holds other things may be used. */
  readonly isAdopted: boolean
  readonly environment: Environment
}

/** The clock that keys retire by, and pauses between tries. */
export type PublishingTiming = Pick<Timing, 'wallTimeMs' | 'wait'>

/** A plan, and what will be published by it. */
export interface Publication extends Plan {
  readonly retirement: Retirement
}

/** Reads the cluster's keys and the bucket, and plans what is missing there. Rejects in one line. */
export async function planPublication(
  options: PublicationOptions & {
    /** Whether a plan from nothing will do where there are no credentials to read with. */
    readonly isPlanWithoutCredentials: boolean
    readonly timing: PublishingTiming
  },
): Promise<Publication> {
  const reader = await openKeySource(options.keySource, options.environment)
  try {
    const publisher = await createPublisher(options, options.timing, new AbortController().signal)
    const keys = await reader.read()
    return await publisher.plan(keys).catch((error: unknown) => {
      if (!options.isPlanWithoutCredentials || !areCredentialsMissing(error)) throw error
      return publisher.planFromNothing(keys)
    })
  } finally {
    reader.close()
  }
}

/** Who calls S3, and by what: kept, since a new client would assume its role anew. */
interface Caller {
  readonly accountId: string
  readonly client: BucketClient
}

/** Rejects in one line where no region is known, or the place cannot be an issuer; `signal` ends the calls under way. */
export async function createPublisher(
  options: PublicationOptions,
  timing: PublishingTiming,
  signal: AbortSignal,
): Promise<Publisher> {
  const region = options.place.region ?? (await findDefaultRegion(options.environment))
  return new Publisher({ ...options, location: locateIssuer({ ...options.place, region }), timing, signal })
}

type PublisherOptions = Pick<PublicationOptions, 'retireAfterMs' | 'isAdopted' | 'environment'> & {
  readonly location: IssuerLocation
  readonly timing: PublishingTiming
  readonly signal: AbortSignal
}

/** Plans publications to one place, as often as it is asked to. */
export class Publisher {
  readonly #options: PublisherOptions
  #caller: Caller | undefined

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  /** The issuer as tokens name it. */
  get issuer(): string {
    return this.#options.location.issuer.url
  }

  /** Rejects in one line. */
  async plan(current: readonly SigningKey[]): Promise<Publication> {
    this.#caller ??= await this.#findCaller()
    const { client, accountId } = this.#caller
    const { location, isAdopted } = this.#options
    const state = await readBucketState(client, location, { accountId, isAdopted })
    return this.#compare(state, current, this.#caller)
  }

  /** Plans as if nothing were there; for writing it down, not for doing it. */
  planFromNothing(current: readonly SigningKey[]): Publication {
    const plan = this.#compare(NO_BUCKET, current, this.#createCaller('ACCOUNT'))
    return { ...plan, preface: [MADE_BLIND] }
  }

  #compare(state: BucketState, current: readonly SigningKey[], caller: Caller): Publication {
    const { location, retireAfterMs, timing, signal } = this.#options
    const published = readPublishedKeys(state.keysObject, location)
    const retirement = planRetirement({
      current,
      published: published.keys,
      missingSince: published.missingSince,
      nowMs: timing.wallTimeMs(),
      retireAfterMs,
    })
    const waiting = { ...caller, wait: (ms: number) => timing.wait(ms, signal) }
    const objects = planObjects(state, location, { client: caller.client, published, retirement })
    const { steps, failure } = orderSteps(state, location, { objects, waiting })
    return {
      steps,
      retirement,
      preface: [],
      notes: [
        `issuer: ${location.issuer.url}`,
        ...describeRetiring(retirement),
        ...(failure === undefined ? [] : [`not done: ${failure.message}`]),
      ],
      facts: { issuer: location.issuer.url, retiring: listRetiring(retirement) },
      async check() {
        if (failure !== undefined) throw failure
        await checkPublicReading(caller.client, location, { ...waiting, isChanged: steps.length > 0 })
      },
    }
  }

  async #findCaller(): Promise<Caller> {
    return this.#createCaller(await findCallerAccount(this.#clientOptions(), this.#options.signal))
  }

  #createCaller(accountId: string): Caller {
    const { location, signal } = this.#options
    return {
      accountId,
      client: new BucketClient(location, accountId, { client: this.#clientOptions(), signal }),
    }
  }

  #clientOptions() {
    const { environment, location } = this.#options
    return buildClientOptions({ env: environment, region: location.region })
  }
}

/**
 * The order in which the documents are readable at every moment, and whatever fails, what was published before stays so.
 *
 * Where we publish already, new keys go out first: tokens need them more than the bucket needs mending, and `failure` is
 * what then cannot be mended. Elsewhere the policy comes first, since documents that are public by ACLs lose these as
 * they are written. Throws an Error of one line.
 */
function orderSteps(
  { doesExist, settings, isPublishedByUs, keysObject }: BucketState,
  location: IssuerLocation,
  {
    objects,
    waiting,
  }: { readonly objects: readonly Step[]; readonly waiting: Parameters<typeof planBucket>[2] },
): { readonly steps: readonly Step[]; readonly failure: Error | undefined } {
  if (settings instanceof Error) return { steps: objects, failure: settings }
  const refusal = findOpeningRefusal(settings, location)
  const failure = refusal === undefined ? undefined : new Error(refusal)
  if (failure !== undefined && !isPublishedByUs) throw failure
  if (failure !== undefined) return { steps: objects, failure }
  const { opening, policy, closing } = planBucket({ doesExist, settings }, location, waiting)
  if (isPublishedByUs) return { steps: [...objects, ...opening, ...policy, ...closing], failure }
  const served =
    keysObject === undefined ? policy : policy.map((step) => keepServing(step, location, waiting))
  return { steps: [...opening, ...served, ...objects, ...closing], failure }
}

function describeRetiring({ retiring }: Retirement): readonly string[] {
  return retiring.map(
    ({ key, missingSinceMs, untilMs }) =>
      `${nameKey(key)} stays until ${toIso(untilMs)}: the cluster has not had it since ${toIso(missingSinceMs)}`,
  )
}

function listRetiring({ retiring }: Retirement) {
  return retiring.map(({ key, missingSinceMs, untilMs }) => ({
    kid: key.kid,
    missingSince: toIso(missingSinceMs),
    until: toIso(untilMs),
  }))
}

function toIso(ms: number): string {
  return new Date(ms).toISOString()
}
