import type { ApiObject } from './api-object.ts'

/** What a reflector lists and watches, and how it is asked for. */
export interface ReflectedResource {
  /** From `/api` or `/apis`. */
  readonly path: string
  readonly fieldSelector?: string
  readonly accept: { readonly list: string; readonly watch: string }
}

/** Objects without spec, status and data: what a store of annotations needs. */
export const METADATA_ONLY: ReflectedResource['accept'] = {
  list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  watch: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
}

/** Whole objects. */
export const WHOLE_OBJECTS: ReflectedResource['accept'] = {
  list: 'application/json',
  watch: 'application/json',
}

/** Where a reflector puts what it learns. */
export interface ReflectedStore {
  /** A list begins: what it brings takes the place of everything, but not before it is complete. */
  beginReplacement(): Replacement
  upsert(object: ApiObject): void
  remove(object: ApiObject): void
  /** All changes up to this resourceVersion have been told. */
  advance(resourceVersion: string): void
}

/** A list that is still coming in; dropped without a word where it cannot be completed. */
export interface Replacement {
  add(objects: readonly ApiObject[]): void
  commit(resourceVersion: string): void
}

/**
 * Why a list or a watch was begun anew: `timeout`, a watch's ordinary end; `closed`, ended or cut off before its time;
 * `error`; `expired`, followed by a new list; `silent`, still open past its time; `unauthorized`.
 */
export type RestartCause = 'timeout' | 'closed' | 'error' | 'expired' | 'silent' | 'unauthorized'

/** Who is told how it goes, for logs and metrics. */
export interface ReflectorObserver {
  connected(): void
  disconnected(): void
  /** Something arrived, be it a bookmark. */
  heard(): void
  /** A change arrived by watch, not by list. */
  changed(object: ApiObject): void
  /** `error` is absent where the API server ended the watch in good order. */
  restarted(cause: RestartCause, error?: unknown): void
}
