import { renderScript } from '../../aws/shell-script.ts'
import type { Change, Plan, Step } from '../../aws/step.ts'
import { toPrintableJson, toPrintableLine } from '../../text/printable-line.ts'
import type { CommandIo } from '../engine/command.ts'
import { createProgress } from '../engine/progress.ts'
import type { StepChoices } from './step-flags.ts'

/**
 * Makes the changes one after the other, or with `--dry-run` only writes how to, and tells of them on stdout; notes come last.
 *
 * Rejects with what a step or the plan's check rejects with; what was changed before is told first.
 */
export async function runPlan(plan: Plan, choices: StepChoices, io: CommandIo): Promise<void> {
  const { steps } = plan
  if (choices.isDryRun) {
    io.stdout.write(choices.output === 'json' ? renderJson(steps, plan.facts) : renderScript(plan))
    // What is still to be made can only be looked at afterwards.
    if (steps.length === 0) await plan.check()
    return
  }
  const progress = createProgress(io)
  const made: Step[] = []
  try {
    for (const step of steps) {
      const change = toPrintableLine(`${step.resource}: ${step.detail}`)
      progress.begin(change)
      await step.apply()
      made.push(step)
      progress.end()
      if (choices.output === 'text') io.stdout.write(`${PAST[step.action]} ${change}\n`)
    }
    await plan.check()
    if (choices.output === 'text')
      io.stdout.write(
        [...(steps.length === 0 ? ['nothing to change'] : []), ...plan.notes]
          .map((line) => `${toPrintableLine(line)}\n`)
          .join(''),
      )
  } finally {
    progress.end()
    if (choices.output === 'json') io.stdout.write(renderJson(made, plan.facts))
  }
}

const PAST: Readonly<Record<Change['action'], string>> = {
  create: 'created',
  update: 'updated',
  delete: 'deleted',
}

function renderJson(steps: readonly Step[], facts: Plan['facts']): string {
  const changes = steps.map(({ action, resource, detail }) => ({ action, resource, detail }))
  return `${toPrintableJson(JSON.stringify({ changes, ...facts }, undefined, 2))}\n`
}
