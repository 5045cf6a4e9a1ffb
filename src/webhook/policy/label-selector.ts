/** Label of the ServiceAccounts whose pods get an identity, where only those are to be looked at. */
export const ACCOUNT_LABEL = { key: 'eks.amazonaws.com/pod-identity-account', value: 'true' } as const

/** A selector as objects of Kubernetes have it. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly LabelRequirement[]
}

/** One requirement of a selector; `values` is there for `In` and `NotIn` alone. */
export interface LabelRequirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values?: readonly string[]
}

const KEY = '(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?'
const VALUE = '(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?'
const EQUALITY = new RegExp(`^(${KEY})\\s*(==?|!=)\\s*(${VALUE})$`)
const SET = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(\\s*(${VALUE}(?:\\s*,\\s*${VALUE})*)\\s*\\)$`)
const EXISTENCE = new RegExp(`^(!?)\\s*(${KEY})$`)

/** Reads a selector as kubectl's `-l` takes it: `a=b,c in (d,e),!f`. `undefined` where it is none. */
export function parseLabelSelector(text: string): LabelSelector | undefined {
  const labels: Record<string, string> = {}
  const expressions: LabelRequirement[] = []
  // Commas inside parentheses part values.
  for (const part of text.split(/,(?![^(]*\))/).map((piece) => piece.trim())) {
    const requirement = parseRequirement(part)
    if (requirement === undefined) return undefined
    const [value, ...others] = requirement.values ?? []
    const isPlain =
      requirement.operator === 'In' && others.length === 0 && labels[requirement.key] === undefined
    if (isPlain) labels[requirement.key] = value ?? ''
    else expressions.push(requirement)
  }
  return {
    ...(Object.keys(labels).length > 0 && { matchLabels: labels }),
    ...(expressions.length > 0 && { matchExpressions: expressions }),
  }
}

/** Whether a selector looks at the label that the policy of labels keeps. */
export function usesAccountLabel({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return (
    Object.hasOwn(matchLabels, ACCOUNT_LABEL.key) ||
    matchExpressions.some(({ key }) => key === ACCOUNT_LABEL.key)
  )
}

function parseRequirement(text: string): LabelRequirement | undefined {
  const [, key = '', comparison, value = ''] = EQUALITY.exec(text) ?? []
  if (comparison !== undefined)
    return { key, operator: comparison === '!=' ? 'NotIn' : 'In', values: [value] }
  const [, setKey = '', membership, values = ''] = SET.exec(text) ?? []
  if (membership !== undefined)
    return {
      key: setKey,
      operator: membership === 'in' ? 'In' : 'NotIn',
      values: values.split(',').map((item) => item.trim()),
    }
  const [, negation, existing] = EXISTENCE.exec(text) ?? []
  if (existing === undefined) return undefined
  return { key: existing, operator: negation === '!' ? 'DoesNotExist' : 'Exists' }
}
