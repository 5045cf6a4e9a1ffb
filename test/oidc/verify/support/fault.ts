import type { Test } from 'tap'
import type { UsedWorld } from './use-world.ts'
import { runVerify } from './verify-run.ts'

/** One thing that is broken in a healthy world, and the one check that says so. */
export interface Fault {
  readonly name: string
  readonly make: () => void
  readonly id: string
  readonly message: RegExp
  readonly hint: RegExp
}

/** Tests that with each fault exactly its check fails, and that the others hold or say why they were skipped. */
export function testFaults(t: Test, world: UsedWorld, faults: readonly Fault[]): void {
  for (const { name, make, id, message, hint } of faults) {
    t.test(`${name}: ${id} fails, and nothing else`, async (t) => {
      world.reset()
      make()
      const { exitCode, checks, stdout } = await runVerify([...world.fullLine, '-o', 'json'], world.env)
      t.equal(exitCode, 1)
      const failed = checks.filter(({ status }) => status === 'failed')
      t.strictSame(
        failed.map((check) => check.id),
        [id],
        stdout,
      )
      t.match(failed[0]?.message ?? '', message)
      t.match(failed[0]?.hint ?? '', hint)
      for (const check of checks.filter((each) => each.id !== id)) {
        t.ok(check.status === 'ok' || check.status === 'skipped', `${check.id} is ${check.status}`)
        if (check.status === 'skipped') t.match(check.message, new RegExp(`${id}.* failed`))
      }
    })
  }
}
