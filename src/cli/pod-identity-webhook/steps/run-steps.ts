import { renderScript } from '../../../aws/shell-script.ts'
import type { Change, Step } from '../../../aws/step.ts'
import type { CommandIo } from '../../engine/command.ts'
import { createProgress } from '../../engine/progress.ts'
import type { StepChoices } from './step-flags.ts'

/**
 * Makes the changes one after the other, or with `--dry-run` only writes how to, and tells of them on stdout.
 *
 * Rejects with what a step rejects with; what was changed before is told first.
 */
export async function runSteps(steps: readonly Step[], choices: StepChoices, io: CommandIo): Promise<void> {
  if (choices.isDryRun) {
    io.stdout.write(choices.output === 'json' ? renderChanges(steps) : renderScript(steps))
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
    if (steps.length === 0 && choices.output === 'text') io.stdout.write('nothing to change\n')
  } finally {
    progress.end()
    if (choices.output === 'json') io.stdout.write(renderChanges(made))
  }
}

const PAST: Readonly<Record<Change['action'], string>> = {
  create: 'created',
  update: 'updated',
  delete: 'deleted',
}

function renderChanges(steps: readonly Step[]): string {
  const changes = steps.map(({ action, resource, detail }) => ({ action, resource, detail }))
  return `${JSON.stringify({ changes }, undefined, 2)}\n`
}
