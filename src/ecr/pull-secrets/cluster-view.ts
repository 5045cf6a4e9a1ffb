import { createHash } from 'node:crypto'
import type { ApiObject } from '../../kubernetes/api-object.ts'
import type { ReflectedStore } from '../../kubernetes/reflected-resource.ts'
import { SECRET_KEY, SECRET_TYPE } from './docker-config.ts'
import { type AccountFacts, type NamespaceFacts, WANTED_LABEL } from './wanted.ts'

/** The label of Secrets that are ours, with {@link MANAGER}; and with whom, by {@link OWNER_ANNOTATION}. */
export const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by'
export const MANAGER = 'ecr-pull-secrets'
export const OWNER_ANNOTATION = 'pod-identity-webhook.amazonaws.com/ecr-pull-secret-owner'

/** Annotation of a ServiceAccount: the Secret that was added to its list by us. */
export const ADDED_ANNOTATION = 'pod-identity-webhook.amazonaws.com/ecr-pull-secret-added'

/** A Secret of our name, as far as it matters. */
export interface SecretFacts {
  readonly resourceVersion: string
  readonly isOurs: boolean
  /** Kubernetes lets nobody change it. */
  readonly hasRightType: boolean
  readonly contentDigest: string
}

/** What the cluster has, kept by reflectors. */
export interface ClusterView {
  readonly namespaces: FactStore<NamespaceFacts>
  readonly accounts: FactStore<AccountFacts>
  /** By namespaces. */
  readonly secrets: FactStore<SecretFacts>
}

/** Makes an empty view. `onChange` is called after each change of it. */
export function createClusterView(
  { secretName, owner }: { readonly secretName: string; readonly owner: string },
  onChange: () => void,
): ClusterView {
  return {
    namespaces: new FactStore(({ metadata }) => metadata.name, readNamespace, onChange),
    accounts: new FactStore(nameAccount, (object) => readAccount(object, secretName), onChange),
    secrets: new FactStore(
      ({ metadata }) => metadata.namespace ?? '',
      (object) => readSecret(object, owner),
      onChange,
    ),
  }
}

/** A digest of what a Secret holds, in base64 as the API has it. */
export function digestContent(base64: string): string {
  return createHash('sha256').update(base64).digest('base64url')
}

/** Keeps what matters of objects, by keys; objects of which nothing matters are not kept. */
export class FactStore<Facts> implements ReflectedStore {
  readonly #keyOf: (object: ApiObject) => string
  readonly #read: (object: ApiObject) => Facts | undefined
  readonly #onChange: () => void
  #byKey: Map<string, Facts> | undefined

  constructor(
    keyOf: (object: ApiObject) => string,
    read: (object: ApiObject) => Facts | undefined,
    onChange: () => void,
  ) {
    this.#keyOf = keyOf
    this.#read = read
    this.#onChange = onChange
  }

  /** Whether all of it was read once. */
  get isListed(): boolean {
    return this.#byKey !== undefined
  }

  get all(): ReadonlyMap<string, Facts> {
    return this.#byKey ?? new Map()
  }

  beginReplacement() {
    const next = new Map<string, Facts>()
    return {
      add: (objects: readonly ApiObject[]) => {
        for (const object of objects) this.#put(next, object)
      },
      commit: () => {
        this.#byKey = next
        this.#onChange()
      },
    }
  }

  upsert(object: ApiObject): void {
    if (this.#byKey !== undefined) this.#put(this.#byKey, object)
    this.#onChange()
  }

  remove(object: ApiObject): void {
    this.#byKey?.delete(this.#keyOf(object))
    this.#onChange()
  }

  advance(): void {}

  #put(map: Map<string, Facts>, object: ApiObject): void {
    const facts = this.#read(object)
    if (facts === undefined) map.delete(this.#keyOf(object))
    else map.set(this.#keyOf(object), facts)
  }
}

function readNamespace({ metadata }: ApiObject): NamespaceFacts {
  return {
    isLabelled: metadata.labels?.[WANTED_LABEL] === 'true',
    isEnding: metadata.deletionTimestamp !== undefined,
  }
}

function nameAccount({ metadata: { namespace = '', name } }: ApiObject): string {
  return `${namespace}/${name}`
}

/** Most ServiceAccounts have nothing to do with us. */
function readAccount(object: ApiObject, secretName: string): AccountFacts | undefined {
  const { name, namespace = '', resourceVersion, labels, annotations, deletionTimestamp } = object.metadata
  const { imagePullSecrets } = object as { readonly imagePullSecrets?: readonly { readonly name?: string }[] }
  const isLabelled = labels?.[WANTED_LABEL] === 'true' && deletionTimestamp === undefined
  const isMarked = annotations?.[ADDED_ANNOTATION] === secretName
  if (!isLabelled && !isMarked) return undefined
  const pullSecrets = (imagePullSecrets ?? []).map((secret) => secret.name ?? '')
  return { namespace, name, resourceVersion, isLabelled, pullSecrets, isMarked }
}

function readSecret(object: ApiObject, owner: string): SecretFacts {
  const { labels, annotations, resourceVersion } = object.metadata
  const { type } = object as { readonly type?: string }
  return {
    resourceVersion,
    isOurs: labels?.[MANAGED_BY_LABEL] === MANAGER && annotations?.[OWNER_ANNOTATION] === owner,
    hasRightType: type === SECRET_TYPE,
    contentDigest: digestContent(object.data?.[SECRET_KEY] ?? ''),
  }
}
