import type { V1LabelSelector } from '@kubernetes/client-node'

/** Whether a selector takes something with these labels; an absent selector takes nothing, an empty one everything. */
export function selects(
  selector: V1LabelSelector | undefined,
  labels: Readonly<Record<string, string>> = {},
): boolean {
  if (selector === undefined) return false
  const { matchLabels = {}, matchExpressions = [] } = selector
  return (
    Object.entries(matchLabels).every(([name, value]) => labels[name] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key]
      switch (operator) {
        case 'Exists':
          return value !== undefined
        case 'DoesNotExist':
          return value === undefined
        case 'In':
          return value !== undefined && values.includes(value)
        default:
          return value === undefined || !values.includes(value)
      }
    })
  )
}
