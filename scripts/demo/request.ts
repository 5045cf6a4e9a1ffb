// `make request`: posts the example pod to what `make run` serves.
import { parseArgs } from 'node:util'
import { buildExampleReview, postReview } from './example-review.ts'
import { formatPodDiff } from './pod-diff.ts'

const { values } = parseArgs({ options: { port: { type: 'string', default: '8443' } } })
try {
  const reply = await postReview(Number(values.port), await buildExampleReview())
  process.stdout.write(`HTTP ${reply.statusCode}\n${reply.body}\n`)
  if (reply.statusCode === 200) {
    process.stdout.write(`\n${await formatPodDiff(reply.body, process.stdout.isTTY === true)}`)
  }
  process.exitCode = reply.statusCode === 200 ? 0 : 1
} catch (error) {
  const cause =
    error instanceof Error ? error.message || (error as NodeJS.ErrnoException).code : String(error)
  process.stderr.write(`no answer on port ${values.port} (${cause}): is \`make run\` serving there?\n`)
  process.exitCode = 1
}
