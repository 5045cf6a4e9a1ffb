import { pass, skip, type Verdict, warn } from '../../checks/verdict.ts'
import type { CheckContext } from '../check.ts'
import { UnreadError } from '../cluster-reader.ts'

const FAIL_OPEN = 'apiserver_admission_webhook_fail_open_count'

/** How many pods the API server admitted without an answer, by its own count since it started. */
export async function checkFailOpen({ reader, installation }: CheckContext): Promise<Verdict> {
  const names = (await installation.entries()).map(({ name }) => name)
  if (names.length === 0) return skip('nothing is registered')
  let page: string
  try {
    page = await reader.getText('/metrics')
  } catch (error) {
    if (!(error instanceof UnreadError)) throw error
    return skip(
      `the API server's metrics cannot be read: ${error.message}`,
      'ask for the right to get /metrics',
    )
  }
  const count = page
    .split('\n')
    .filter(
      (line) => line.startsWith(`${FAIL_OPEN}{`) && names.some((name) => line.includes(`name="${name}"`)),
    )
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
  if (count === 0) return pass('the API server had an answer for each pod since it started')
  return warn({
    message: `since it started, the API server admitted pods ${count} times without an answer of the webhook`,
    hint: 'its log says why; kubectl rollout restart makes pods anew that miss their credentials',
  })
}
