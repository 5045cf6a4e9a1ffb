/** What an endpoint looks at of an HTTP request. */
export interface EndpointRequest {
  readonly method: string
  /** Without query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface EndpointAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

/** Answers the requests of SDKs; never rejects for what a caller did. */
export type Endpoint = (request: EndpointRequest) => Promise<EndpointAnswer>

/** An answer in JSON, which holds credentials and is for one caller alone. */
export function answerJson(status: number, value: unknown): EndpointAnswer {
  return { status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) }
}

/** An answer of a word or two. */
export function answerText(status: number, body: string): EndpointAnswer {
  return { status, headers: { 'Content-Type': 'text/plain' }, body }
}

/** The answer while there is no session: SDKs show code and message. */
export function answerUnavailable(error: unknown): EndpointAnswer {
  const message = error instanceof Error ? error.message : 'there is no session'
  return answerJson(503, { code: 'CredentialsUnavailable', message })
}
