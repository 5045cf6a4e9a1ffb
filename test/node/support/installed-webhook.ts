import type { Test } from 'tap'
import { runMake } from '../../cluster/support/make-command.ts'
import type { RealNode } from './real-node.ts'

/** Where `make cluster-up` puts it. */
export const WEBHOOK_NAMESPACE = 'eks'

/** Deploys our image as README says, until the test ends. */
export async function installWebhook(t: Test, { cluster, images }: RealNode): Promise<void> {
  t.teardown(async () => {
    const down = await runMake(cluster, 'cluster-down', {})
    if (down.exitCode !== 0) throw new Error(down.stderr)
  })
  const up = await runMake(cluster, 'cluster-up', { IMAGE: images.webhook })
  if (up.exitCode !== 0) throw new Error(up.stderr)
}
