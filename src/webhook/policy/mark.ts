/** Annotation by which a pod says that the policy gave it its identity. */
export const MARK_ANNOTATION = 'eks.amazonaws.com/pod-identity-policy'

/** The mark of a pod that the webhook decided about after the policy: the policy leaves it alone from then on. */
export const WEBHOOK_MARK = 'webhook'

/** Says that the pod brought a volume of the token volume's name; no container can be called so. */
export const OWN_VOLUME = '/volume'

/** What a container had before the policy came, a letter each; a container that is left alone had all of them. */
export const OWN = { regionalSts: 's', region: 'r', method: 'i', mount: 'm' } as const

/** All letters, in the order in which they are written. */
export const ALL_OWN = Object.values(OWN).join('')

/** What a mark says. */
export interface PolicyMark {
  /** Of the ServiceAccount that the policy saw. */
  readonly resourceVersion: string
  readonly hasOwnVolume: boolean
  /** Letters of {@link OWN} by the names of containers that had any of it before. */
  readonly ownByContainer: ReadonlyMap<string, string>
}

/**
 * Reads a mark: the ServiceAccount's resourceVersion and, each after a space, what the pod had already:
 * `4711`, or `4711 /volume app:im`. `undefined` for anything else.
 */
export function parseMark(text: string | undefined): PolicyMark | undefined {
  if (text === undefined || text === WEBHOOK_MARK) return undefined
  const [resourceVersion = '', ...exceptions] = text.split(' ')
  if (!/^\d+$/.test(resourceVersion)) return undefined
  const own = exceptions
    .filter((exception) => exception !== OWN_VOLUME)
    .map((exception) => exception.split(':'))
  if (own.some(([name, letters, ...rest]) => !name || !letters || rest.length > 0)) return undefined
  return {
    resourceVersion,
    hasOwnVolume: exceptions.includes(OWN_VOLUME),
    ownByContainer: new Map(own.map(([name = '', letters = '']) => [name, letters])),
  }
}
