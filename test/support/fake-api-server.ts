import { EventEmitter } from 'node:events'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import {
  type FakeObject,
  readObject,
  writeBookmark,
  writeEvent,
  writeObject,
  writeStatus,
} from './fake-api-objects.ts'
import { applyPatch } from './fake-api-patches.ts'
import { createLoopbackCertificate, type LoopbackCertificate } from './loopback-certificate.ts'

type Resource = 'serviceaccounts' | 'configmaps' | 'secrets' | 'mutatingwebhookconfigurations'

const PATH =
  /^\/apis?\/(?:admissionregistration\.k8s\.io\/)?v1(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?$/

const RESOURCES: readonly unknown[] = [
  'serviceaccounts',
  'configmaps',
  'secrets',
  'mutatingwebhookconfigurations',
] satisfies Resource[]

function isResource(name: string | undefined): name is Resource {
  return RESOURCES.includes(name)
}

/** A request as the fake API server sees it. */
export interface FakeRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What goes wrong with a request; `hold` answers it in order, but later. */
export type Fault =
  | {
      readonly kind: 'status'
      readonly status: number
      readonly reason?: string
      readonly retryAfterSeconds?: number
    }
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  | { readonly kind: 'drop' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'hold'; readonly until: Promise<void> }

/** A watch that is open, in the hands of the test. */
export interface FakeWatch {
  readonly request: FakeRequest
  /** Writes as it is, a broken line too. */
  write(text: string): void
  /** An ERROR event with a Status of this code. */
  fail(status: number, reason: string): void
  /** Ends the answer in good order. */
  end(): void
  /** Cuts the connection. */
  drop(): void
}

interface StoredObject {
  readonly version: number
  readonly resource: Resource
  readonly namespace: string
  readonly name: string
  readonly json: string
}

interface StoredEvent extends StoredObject {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
}

type Selection = (object: StoredObject) => boolean

interface Snapshot {
  readonly version: number
  readonly items: readonly string[]
}

/** The part of kube-apiserver that a reflector meets, over real TLS on the loopback, with faults as a test orders them. */
export class FakeApiServer extends EventEmitter<{ request: [FakeRequest]; watch: [FakeWatch] }> {
  /** Asked before each request is answered. */
  intercept: (request: FakeRequest) => Fault | undefined = () => undefined
  /** Where set, other tokens get 401. */
  acceptedToken: string | undefined
  readonly requests: FakeRequest[] = []
  /** The authority to trust, in PEM. */
  readonly ca: string
  /** How many connections were accepted. */
  connectionCount = 0
  readonly #server: https.Server
  readonly #watches = new Map<FakeWatch, Selection>()
  readonly #objects = new Map<string, StoredObject>()
  #history: StoredEvent[] = []
  #snapshots = new Map<number, Snapshot>()
  #version = 1000
  #oldestVersion = 1000
  #port = 0

  private constructor({ ca, cert, key }: LoopbackCertificate) {
    super()
    this.ca = ca
    this.#server = https.createServer({ cert, key }, (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const url = new URL(request.url ?? '/', 'https://localhost')
        const seen = {
          method: request.method ?? '',
          path: url.pathname,
          query: url.searchParams,
          headers: request.headers,
          body: Buffer.concat(chunks).toString(),
        }
        void this.#serve(seen, response)
      })
    })
    this.#server.on('secureConnection', () => this.connectionCount++)
  }

  static async start(): Promise<FakeApiServer> {
    const server = new FakeApiServer(await createLoopbackCertificate())
    await server.listen()
    return server
  }

  get url(): string {
    return `https://127.0.0.1:${this.#port}`
  }

  get resourceVersion(): string {
    return String(this.#version)
  }

  get openWatches(): readonly FakeWatch[] {
    return [...this.#watches.keys()]
  }

  /** Listens, after `close` again on the same port. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** Cuts all connections and listens no more; what it stores stays. */
  async close(): Promise<void> {
    this.#watches.clear()
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  /** The resourceVersions of all objects by their names. */
  versions(resource: Resource): Readonly<Record<string, string>> {
    const objects = [...this.#objects.values()].filter((object) => object.resource === resource)
    return Object.fromEntries(objects.map(({ name, version }) => [name, String(version)]))
  }

  /** An object as it is stored; undefined where there is none. */
  find(resource: Resource, namespace: string, name: string): FakeObject | undefined {
    const stored = this.#objects.get(`${resource}/${namespace}/${name}`)
    return stored && readObject(stored.json)
  }

  /** Creates or changes an object and tells the watches. */
  put(resource: Resource, object: FakeObject): void {
    const key = `${resource}/${object.namespace}/${object.name}`
    const version = ++this.#version
    const stored = {
      resource,
      version,
      namespace: object.namespace,
      name: object.name,
      json: writeObject(object, version),
    }
    this.#tell({ ...stored, type: this.#objects.has(key) ? 'MODIFIED' : 'ADDED' })
    this.#objects.set(key, stored)
  }

  /** Deletes an object and tells the watches. */
  delete(resource: Resource, namespace: string, name: string): void {
    if (!this.#objects.delete(`${resource}/${namespace}/${name}`)) return
    const version = ++this.#version
    const json = writeObject({ namespace, name }, version)
    this.#tell({ resource, namespace, name, json, version, type: 'DELETED' })
  }

  /** Tells the watches that they have heard everything. */
  bookmark(): void {
    for (const watch of this.#watches.keys())
      watch.write(writeEvent('BOOKMARK', writeBookmark(this.#version)))
  }

  /** Forgets the past, as etcd does every five minutes: older watches and continue tokens get 410. */
  compact(): void {
    this.#version++
    this.#oldestVersion = this.#version
    this.#history = []
    this.#snapshots = new Map()
  }

  async #serve(request: FakeRequest, response: ServerResponse): Promise<void> {
    this.requests.push(request)
    const fault = this.intercept(request)
    this.emit('request', request)
    if (fault?.kind === 'drop') response.destroy()
    else if (fault?.kind === 'answer') answer(response, fault.status, fault.body)
    else if (fault?.kind === 'status')
      refuse(response, fault.status, fault.reason ?? '', fault.retryAfterSeconds)
    else if (fault?.kind !== 'hang') {
      if (fault?.kind === 'hold') await fault.until
      this.#answer(request, response)
    }
  }

  #answer(request: FakeRequest, response: ServerResponse): void {
    const isAccepted =
      this.acceptedToken === undefined || request.headers.authorization === `Bearer ${this.acceptedToken}`
    const [, namespace, resource, name] = PATH.exec(request.path) ?? []
    if (!isAccepted) refuse(response, 401, 'Unauthorized')
    else if (!isResource(resource)) refuse(response, 404, 'NotFound')
    else if (name !== undefined && request.method === 'PATCH')
      this.#patch(resource, namespace ?? '', name, request, response)
    else if (name !== undefined) this.#get(`${resource}/${namespace ?? ''}/${name}`, response)
    else {
      const selectedName = request.query.get('fieldSelector')?.replace('metadata.name=', '')
      const selects = (object: StoredObject) =>
        object.resource === resource &&
        (namespace === undefined || object.namespace === namespace) &&
        (selectedName === undefined || object.name === selectedName)
      if (request.query.get('watch') === '1') this.#watch(request, response, selects)
      else this.#list(request, response, selects)
    }
  }

  #get(key: string, response: ServerResponse): void {
    const object = this.#objects.get(key)
    if (object === undefined) refuse(response, 404, 'NotFound')
    else answer(response, 200, object.json)
  }

  #patch(
    resource: Resource,
    namespace: string,
    name: string,
    request: FakeRequest,
    response: ServerResponse,
  ): void {
    const found = this.#objects.get(`${resource}/${namespace}/${name}`)
    const result = applyPatch(request.headers['content-type'] ?? '', found?.json, request.body)
    if (!result.isApplied) {
      refuse(response, result.status, result.reason)
      return
    }
    this.put(resource, readObject(result.json))
    this.#get(`${resource}/${namespace}/${name}`, response)
  }

  #list(request: FakeRequest, response: ServerResponse, selects: Selection): void {
    const limit = Number(request.query.get('limit') ?? Number.POSITIVE_INFINITY)
    const isContinued = request.query.has('continue')
    const [version = 0, start = 0] = (request.query.get('continue') ?? '').split('.').map(Number)
    const snapshot = isContinued ? this.#snapshots.get(version) : this.#takeSnapshot(selects)
    if (snapshot === undefined) {
      refuse(response, 410, 'Expired')
      return
    }
    const end = start + limit
    const continueToken = end < snapshot.items.length ? `${snapshot.version}.${end}` : ''
    if (continueToken !== '') this.#snapshots.set(snapshot.version, snapshot)
    const metadata = JSON.stringify({ resourceVersion: String(snapshot.version), continue: continueToken })
    answer(
      response,
      200,
      `{"kind":"List","metadata":${metadata},"items":[${snapshot.items.slice(start, end).join(',')}]}`,
    )
  }

  #takeSnapshot(selects: Selection): Snapshot {
    const items = [...this.#objects.values()].filter(selects).map(({ json }) => json)
    return { version: this.#version, items }
  }

  #watch(request: FakeRequest, response: ServerResponse, selects: Selection): void {
    const since = Number(request.query.get('resourceVersion'))
    if (since < this.#oldestVersion) {
      refuse(response, 410, 'Expired')
      return
    }
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    const watch: FakeWatch = {
      request,
      write: (text) => void response.write(text),
      fail: (status, reason) => void response.write(writeEvent('ERROR', writeStatus(status, reason))),
      end: () => {
        this.#watches.delete(watch)
        response.end()
      },
      drop: () => void response.socket?.destroy(),
    }
    this.#watches.set(watch, selects)
    response.on('close', () => this.#watches.delete(watch))
    for (const event of this.#history) {
      if (event.version > since && selects(event)) watch.write(writeEvent(event.type, event.json))
    }
    this.emit('watch', watch)
  }

  #tell(event: StoredEvent): void {
    this.#history.push(event)
    for (const [watch, selects] of this.#watches)
      if (selects(event)) watch.write(writeEvent(event.type, event.json))
  }
}

function refuse(response: ServerResponse, status: number, reason: string, retryAfterSeconds?: number): void {
  if (retryAfterSeconds !== undefined) response.setHeader('retry-after', retryAfterSeconds)
  answer(response, status, writeStatus(status, reason))
}

function answer(response: ServerResponse, status: number, body: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    .end(body)
}
