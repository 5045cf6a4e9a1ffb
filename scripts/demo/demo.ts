// `make demo`: the whole way of one pod, from a server's start to its end.
import { once } from 'node:events'
import { buildExampleReview, postReview } from './example-review.ts'
import { startLocalWebhook } from './local-webhook.ts'
import { formatPodDiff } from './pod-diff.ts'

const isColourWanted = process.stdout.isTTY === true && !process.env['NO_COLOR']
const say = (line: string) =>
  process.stdout.write(isColourWanted ? `\u001B[1m${line}\u001B[0m\n` : `${line}\n`)

const webhook = startLocalWebhook({ port: 0, metricsPort: 0, args: ['--shutdown-delay=0s'] })
const { port } = await webhook.waitForLine('listening')
await webhook.waitForLine('ready')
say(`The webhook serves on https://localhost:${port} with the ServiceAccounts of deploy/examples.`)

const reply = await postReview(Number(port), await buildExampleReview())
if (reply.statusCode !== 200) throw new Error(`the webhook answered ${reply.statusCode}: ${reply.body}`)
say('The API server asks about a pod, and gets a patch. This is what changes in the pod:')
process.stdout.write(`\n${await formatPodDiff(reply.body, isColourWanted)}\n`)

say('The decision, as the log tells it:')
const decision = await webhook.waitForLine('the ServiceAccount is annotated with a role')
process.stdout.write(`\n${JSON.stringify(decision)}\n\n`)

webhook.process.kill('SIGTERM')
const [code] = await once(webhook.process, 'exit')
say(`The webhook drained its connections and ended with exit code ${code}.`)
process.exitCode = code === 0 ? 0 : 1
