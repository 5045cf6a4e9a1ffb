import t from 'tap'
import { runProgram } from '../../../src/cli/engine/program.ts'
import { ACTIONS } from '../../../src/cli/pod-identity-webhook/actions.ts'
import { createProgram } from '../../../src/cli/pod-identity-webhook/program.ts'
import type { SyncOptions } from '../../../src/oidc/sync/sync.ts'
import { captureIo } from '../capture-io.ts'

/** Runs the program with an action that only records what it is asked for. */
async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const asked: SyncOptions[] = []
  const sync = async (options: SyncOptions) => void asked.push(options)
  const { io, output } = captureIo({ env })
  const code = await runProgram(createProgram({ ...ACTIONS, sync }), ['oidc', 'sync', ...args], io)
  return { code, asked: asked[0], ...output }
}

t.test('it is set up by flags', async (t) => {
  const { code, asked } = await run(['--bucket=issuers', '--region=eu-central-1', '--interval=5m', '--adopt'])
  t.equal(code, 0)
  t.match(asked, {
    publication: {
      place: { bucket: 'issuers', region: 'eu-central-1', prefix: '', isVirtualHost: false },
      keySource: { origin: { kind: 'cluster' }, isEmptyKidListed: false },
      retireAfterMs: 86_400_000,
      isAdopted: true,
    },
    intervalMs: 300_000,
    metricsPort: 9999,
    log: { level: 'info', format: 'json' },
  })
})

t.test('it is set up by the variables of the ConfigMap of deploy/components/oidc-sync', async (t) => {
  const { asked } = await run([], {
    POD_IDENTITY_WEBHOOK_BUCKET: 'issuers',
    POD_IDENTITY_WEBHOOK_PREFIX: 'prod',
    AWS_REGION: 'us-west-2',
  })
  t.match(asked?.publication.place, { bucket: 'issuers', region: 'us-west-2', prefix: 'prod' })
})

const WRONG: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [[], /--bucket is needed/],
  [['--bucket=issuers', '--interval=0'], /--interval is 0; it takes a pause such as 60s/],
  [['--bucket=issuers', '--dry-run'], /unknown flag --dry-run/],
]
for (const [args, message] of WRONG) {
  t.test(`a wrong command line: ${args.join(' ')}`, async (t) => {
    t.match(await run(args), { code: 2, asked: undefined, stdout: '', stderr: message })
  })
}
