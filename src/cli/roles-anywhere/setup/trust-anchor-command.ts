import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { describePath } from '../../../text/quoted-text.ts'
import { type Command, type CommandIo, defineCommand } from '../../engine/command.ts'
import type { FlagGroup } from '../../engine/flag-table.ts'
import { runPlan } from '../../steps/run-steps.ts'
import { STEP_FLAGS } from '../../steps/step-flags.ts'
import { requireValue } from '../session-options.ts'
import { readEntityName, SETUP_NETWORK_FLAGS } from './setup-flags.ts'

const ANCHOR_FLAGS = {
  title: 'Trust anchor',
  flags: {
    certificatePath: {
      kind: 'string',
      name: 'certificate',
      placeholder: 'FILE',
      help: "Certificate of the authority in PEM or DER, or several; - is standard input. A cluster's CA is /etc/kubernetes/pki/ca.crt on its control plane. Keys in the file are left out. Needed.",
    },
    isReplacing: {
      kind: 'boolean',
      name: 'replace',
      help: 'Trust only these certificates, in place of adding them. Without it both count while an authority is changed for another.',
    },
  },
} as const satisfies FlagGroup

/** Makes the `trust-anchor ensure` command. */
export function createTrustAnchorCommand(version: string): Command {
  return defineCommand({
    name: 'trust-anchor ensure',
    summary: "Make a trust anchor of a CA's certificate in IAM Roles Anywhere, or give it what it lacks",
    operandRule: { placeholder: 'NAME', isRepeatable: false },
    groups: { anchor: ANCHOR_FLAGS, network: SETUP_NETWORK_FLAGS, steps: STEP_FLAGS },
    examples: [
      {
        purpose: "trust the certificates that a cluster's CA signs, those of its kubelets among them",
        line: 'roles-anywhere trust-anchor ensure my-cluster --certificate /etc/kubernetes/pki/ca.crt --region eu-central-1',
      },
    ],
    async run({ anchor, network, steps }, io, [operand = '']) {
      const name = readEntityName(operand, 'trust anchor')
      const path = requireValue(anchor.certificatePath, ANCHOR_FLAGS.flags.certificatePath)
      const [{ readAuthorityBundle }, { planTrustAnchor }] = await Promise.all([
        import('../../../roles-anywhere/setup/authority-bundle.ts'),
        import('../../../roles-anywhere/setup/plan-trust-anchor.ts'),
      ])
      const source = { path: path === '-' ? 'standard input' : path, now: new Date() }
      const plan = await planTrustAnchor({
        name,
        bundle: readAuthorityBundle(await readBytes(path, io), source),
        isReplacing: anchor.isReplacing,
        isDryRun: steps.isDryRun,
        place: { env: io.env, region: network.region, userAgent: `roles-anywhere/${version}` },
      })
      await runPlan(plan, steps, io)
      return 0
    },
  })
}

async function readBytes(path: string, { stdin }: CommandIo): Promise<Buffer> {
  if (path === '-') return await buffer(stdin)
  try {
    return await readFile(path)
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    throw new Error(`--certificate: cannot read ${describePath(path)} (${code})`, { cause: error })
  }
}
