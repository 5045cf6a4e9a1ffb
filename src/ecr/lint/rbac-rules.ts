import { quoteText } from '../../text/quoted-text.ts'
import { type Located, type LocatedObject, readField, readObjects } from './located.ts'
import { Report } from './report.ts'
import type { TokenAudience } from './token-rules.ts'

/** The verb by which nodes may ask for tokens of an audience; the audience stands in the place of the resource. */
export const AUDIENCE_VERB = 'request-serviceaccounts-token-audience'

/** What the RBAC objects among the linted files allow. */
export interface AudienceGrants {
  addRole(role: LocatedObject): void
  addBinding(binding: LocatedObject): void
  /** Whether some role bound to the nodes allows the audience. */
  allow(audience: string): boolean
}

/** Makes an empty set of grants. */
export function createAudienceGrants(): AudienceGrants {
  const audiencesByRole = new Map<string, readonly string[]>()
  const boundRoles = new Set<string>()
  // Other mistakes in RBAC objects are not this linter's matter.
  const unheard = new Report('')
  return {
    addRole(role) {
      const rules = readObjects(role, 'rules', unheard).filter(
        (rule) =>
          listTexts(rule, 'verbs').some((verb) => verb === AUDIENCE_VERB || verb === '*') &&
          listTexts(rule, 'apiGroups').some((group) => group === '' || group === '*'),
      )
      audiencesByRole.set(
        nameOf(role),
        rules.flatMap((rule) => listTexts(rule, 'resources')),
      )
    },
    addBinding(binding) {
      const subjects = readObjects(binding, 'subjects', unheard)
      const isForNodes = subjects.some((subject) =>
        /^system:nodes?\b/.test(textOf(subject.fields.get('name')?.value)),
      )
      const roleRef = readField(binding, 'roleRef', 'object', unheard)
      if (isForNodes) boundRoles.add(textOf(roleRef?.fields.get('name')?.value))
    },
    allow(audience) {
      const allowed = [...boundRoles].flatMap((name) => audiencesByRole.get(name) ?? [])
      return allowed.some((resource) => resource === audience || resource === '*')
    },
  }
}

/** Reports that nodes may not be allowed to ask for a token that a provider is to be given. */
export function warnOfMissingGrant({ audience, line }: TokenAudience, report: Report): void {
  report.warn(
    line,
    `nothing among these files lets nodes ask for tokens of the audience ${quoteText(audience)}, which Kubernetes 1.33 and newer want`,
    `bind system:nodes to a ClusterRole with verbs: ["${AUDIENCE_VERB}"], apiGroups: [""], resources: [${quoteText(audience)}] (ecr-credential-provider config --service-account-tokens prints both), and lint its file along`,
  )
}

function nameOf(manifest: LocatedObject): string {
  const metadata = manifest.fields.get('metadata')?.value
  return metadata?.kind === 'object' ? textOf(metadata.fields.get('name')?.value) : ''
}

function listTexts(object: LocatedObject, name: string): readonly string[] {
  const list = object.fields.get(name)?.value
  return list?.kind === 'list' ? list.items.map(textOf) : []
}

function textOf(value: Located | undefined): string {
  return value?.kind === 'text' ? value.text : ''
}
