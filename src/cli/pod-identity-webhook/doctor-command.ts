import type { CheckResult } from '../../checks/verdict.ts'
import { CHECK_NAMES, CHECK_NAMES_BEFORE } from '../../doctor/check-names.ts'
import type { DoctorRequest, DoctorSurroundings } from '../../doctor/doctor.ts'
import { quoteText } from '../../text/quoted-text.ts'
import { type Command, defineCommand } from '../engine/command.ts'
import type { FlagGroup } from '../engine/flag-table.ts'
import { findNearestName } from '../engine/nearest-name.ts'
import { UsageError } from '../engine/usage-error.ts'
import { reportChecks } from './checks/check-report.ts'
import { CLUSTER_FLAGS } from './flags/cluster-flags.ts'
import { DNS_LABEL, SERVICE_ACCOUNT } from './flags/text-rules.ts'

/** What is looked at, and how it is told. */
const DOCTOR_FLAGS = {
  title: 'What to look at',
  flags: {
    isBeforeInstall: {
      kind: 'boolean',
      name: 'pre',
      help: 'Look at the cluster before the webhook is installed.',
    },
    namespace: {
      kind: 'string',
      name: 'namespace',
      short: 'n',
      accepts: DNS_LABEL,
      completes: 'namespace',
      help: 'Namespace of the webhook; the one that its configuration names without it.',
    },
    serviceAccount: {
      kind: 'string',
      name: 'service-account',
      placeholder: 'NAMESPACE/NAME',
      accepts: SERVICE_ACCOUNT,
      completes: 'service-account',
      help: 'ServiceAccount whose pod is tried as a dry run; the first one with a role without it.',
    },
    skipped: {
      kind: 'list',
      name: 'skip',
      placeholder: 'CHECK',
      isCommaSeparated: true,
      help: 'Check to leave out, such as issuer-published where the internet cannot be reached. May be repeated.',
    },
    output: {
      kind: 'enum',
      name: 'output',
      short: 'o',
      values: ['text', 'json'],
      default: 'text',
      help: 'Form of the result on stdout: a line for each check, or one JSON object.',
    },
  },
} as const satisfies FlagGroup

/** The longest name of a check. */
const ID_WIDTH = 19

/** Some check could not be made, and none failed. */
const UNREAD_EXIT_CODE = 2

/** Makes the `doctor` command. */
export function createDoctorCommand(
  examine: (request: DoctorRequest, surroundings: DoctorSurroundings) => Promise<readonly CheckResult[]>,
): Command {
  return defineCommand({
    name: 'doctor',
    summary: 'Look at cluster and installation: is everything there that pods need for their credentials',
    groups: { what: DOCTOR_FLAGS, cluster: CLUSTER_FLAGS },
    examples: [
      { purpose: 'what runs now', line: 'pod-identity-webhook doctor' },
      { purpose: 'before installing', line: 'pod-identity-webhook doctor --pre' },
      {
        purpose: 'for a program, and without the internet',
        line: 'pod-identity-webhook doctor --skip issuer-published -o json',
      },
    ],
    async run({ what, cluster }, io) {
      const { output, serviceAccount, ...rest } = what
      checkNames(what.skipped)
      const [namespace = '', name = ''] = serviceAccount?.split('/') ?? []
      const request = {
        ...rest,
        cluster,
        serviceAccount: serviceAccount === undefined ? undefined : { namespace, name },
      }
      const report = { output, idWidth: ID_WIDTH, about: {} }
      try {
        const results = await reportChecks<CheckResult>(io, report, (audience) =>
          examine(request, { env: io.env, nowMs: () => Date.now(), ...audience }),
        )
        const has = (wanted: CheckResult['status']) => results.some(({ status }) => status === wanted)
        if (has('failed')) return 1
        return has('unread') ? UNREAD_EXIT_CODE : 0
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'ApiConfigurationError') throw error
        io.stderr.write(`pod-identity-webhook: ${error.message}\n`)
        return UNREAD_EXIT_CODE
      }
    },
  })
}

function checkNames(skipped: readonly string[]): void {
  const names: readonly string[] = [...CHECK_NAMES, ...CHECK_NAMES_BEFORE]
  for (const name of skipped.filter((candidate) => !names.includes(candidate))) {
    const nearest = findNearestName(name, names)
    const hint =
      nearest === undefined ? `the checks are ${[...new Set(names)].join(', ')}` : `did you mean ${nearest}?`
    throw new UsageError(`--skip: there is no check ${quoteText(name)}; ${hint}`)
  }
}
