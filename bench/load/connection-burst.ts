import { Agent } from 'node:https'
import { fetchText } from './https-client.ts'

/** TLS connections that stay open, each after one request of its own. */
export interface ConnectionBurst {
  /** Requests that were not answered with 200. */
  readonly failures: number
  close(): void
}

/** A listening socket's queue is 511 long: more handshakes at once would wait for retransmissions. */
const HANDSHAKES_AT_ONCE = 100

/** Opens so many connections and leaves them open. */
export async function openConnections(url: string, ca: string, count: number): Promise<ConnectionBurst> {
  const agents = Array.from({ length: count }, () => new Agent({ keepAlive: true, maxSockets: 1, ca }))
  let failures = 0
  async function ask(agent: Agent): Promise<void> {
    const answer = await fetchText(url, { agent, headers: {} }).catch(() => undefined)
    if (answer?.statusCode !== 200) failures++
  }
  for (let start = 0; start < count; start += HANDSHAKES_AT_ONCE) {
    await Promise.all(agents.slice(start, start + HANDSHAKES_AT_ONCE).map(ask))
  }
  return {
    failures,
    close() {
      for (const agent of agents) agent.destroy()
    },
  }
}
