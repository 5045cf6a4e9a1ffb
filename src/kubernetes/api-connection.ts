import type { Credentials } from './credentials.ts'

/** Where the API server is and how to prove who asks. */
export interface ApiConnection {
  /** May have a path, as behind a proxy that serves many clusters. */
  readonly server: URL
  readonly tls: ApiTls
  readonly credentials: Credentials
}

/** TLS options of node:tls; absent members take its defaults. */
export interface ApiTls {
  readonly ca?: string | Buffer
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
}
