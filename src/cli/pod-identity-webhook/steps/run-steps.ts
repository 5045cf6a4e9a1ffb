import { renderScript } from '../../../aws/shell-script.ts'
import type { Change, Plan, Step } from '../../../aws/step.ts'
import type { CommandIo } from '../../engine/command.ts'
import { createProgress } from '../../engine/progress.ts'
import type { StepChoices } from './step-flags.ts'

/** Runs a plan that is nothing but steps: see {@link runPlan}. */
export async function runSteps(steps: readonly Step[], choices: StepChoices, io: CommandIo): Promise<void> {
  await runPlan({ steps, notes: [], facts: {} }, choices, io)
}

/**
 * Makes the changes one after the other, or with `--dry-run` only writes how to, and tells of them on stdout; notes come last.
 *
 * Rejects with what a step rejects with; what was changed before is told first.
 */
export async function runPlan(plan: Plan, choices: StepChoices, io: CommandIo): Promise<void> {
  const { steps, notes, facts } = plan
  if (choices.isDryRun) {
    io.stdout.write(choices.output === 'json' ? renderJson(steps, facts) : renderScript(steps, notes))
    return
  }
  const progress = createProgress(io)
  const made: Step[] = []
  try {
    for (const step of steps) {
      progress.begin(`${step.resource}: ${step.detail}`)
      await step.apply()
      made.push(step)
      progress.end()
      if (choices.output === 'text')
        io.stdout.write(`${PAST[step.action]} ${step.resource}: ${step.detail}\n`)
    }
    if (choices.output === 'text')
      io.stdout.write(
        [...(steps.length === 0 ? ['nothing to change'] : []), ...notes].map((line) => `${line}\n`).join(''),
      )
  } finally {
    progress.end()
    if (choices.output === 'json') io.stdout.write(renderJson(made, facts))
  }
}

const PAST: Readonly<Record<Change['action'], string>> = {
  create: 'created',
  update: 'updated',
  delete: 'deleted',
}

function renderJson(steps: readonly Step[], facts: Plan['facts']): string {
  const changes = steps.map(({ action, resource, detail }) => ({ action, resource, detail }))
  return `${JSON.stringify({ changes, ...facts }, undefined, 2)}\n`
}
