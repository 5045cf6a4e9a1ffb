import type { SyntaxNode } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'
import type { KnownMetric } from './known-metrics.ts'

/** What a checked expression gives: the labels that its series may have, and what is wrong with it. */
export interface CheckedExpression {
  readonly labels: ReadonlySet<string>
  readonly problems: readonly string[]
}

/** `undefined` is a number: it has no labels, not even none. */
type Labels = ReadonlySet<string> | undefined

const NEEDS_A_COUNTER = ['rate', 'increase', 'irate']
const KEEPS_LABELS = [...NEEDS_A_COUNTER, 'changes', 'max_over_time', 'min_over_time']
const PASSED_THROUGH = ['PromQL', 'ParenExpr', 'UnaryExpr', 'MatrixSelector', 'OffsetExpr', 'SubqueryExpr']

/**
 * Follows the labels of every metric through an expression, and finds metrics and labels that do not exist, sides of
 * an operator that can never match, and rates of what is no counter.
 *
 * It knows the part of PromQL that we use; anything else is a problem too.
 */
export function checkExpression(
  expression: string,
  known: ReadonlyMap<string, KnownMetric>,
): CheckedExpression {
  const problems: string[] = []
  const textOf = ({ from, to }: SyntaxNode) => expression.slice(from, to)
  const require = (names: readonly string[], labels: ReadonlySet<string>, where: string) => {
    for (const name of names) if (!labels.has(name)) problems.push(`${where} has no label ${name}`)
  }

  function follow(node: SyntaxNode): Labels {
    if (PASSED_THROUGH.includes(node.name)) return followFirst(node)
    switch (node.name) {
      case 'NumberDurationLiteral':
        return undefined
      case 'VectorSelector':
        return followSelector(node)
      case 'AggregateExpr':
        return followAggregation(node)
      case 'FunctionCall':
        return followCall(node)
      case 'BinaryExpr':
        return followOperator(node)
    }
    problems.push(`${node.name} is not checked yet: ${textOf(node)}`)
    return undefined
  }

  function followFirst(node: SyntaxNode): Labels {
    const inner = listChildren(node).find(({ name }) => name !== 'UnaryOp')
    return inner && follow(inner)
  }

  function followSelector(node: SyntaxNode): Labels {
    const identifier = node.getChild('Identifier')
    const name = identifier === null ? '' : textOf(identifier)
    const metric = known.get(name)
    if (metric === undefined) {
      problems.push(`there is no metric ${name || textOf(node)}`)
      return new Set()
    }
    for (const matcher of node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []) {
      const [label, operator, value] = listChildren(matcher).map(textOf)
      if (label === undefined || value === undefined) continue
      require([label], metric.labels, name)
      const text = value.slice(1, -1)
      const isOwn = operator === '=' && label !== 'job' && label !== 'namespace'
      if (isOwn && metric.values?.has(text) === false) problems.push(`${name}: ${label} is never ${text}`)
    }
    return metric.labels
  }

  function followAggregation(node: SyntaxNode): Labels {
    const labels = follow(lastArgument(node)) ?? new Set()
    const modifier = node.getChild('AggregateModifier')
    if (modifier === null) return new Set()
    const names = listLabels(modifier)
    require(names, labels, textOf(lastArgument(node)))
    if (modifier.getChild('By') !== null) return new Set(names)
    return new Set([...labels].filter((label) => !names.includes(label)))
  }

  function followCall(node: SyntaxNode): Labels {
    const name = textOf(node.firstChild ?? node)
    if (name === 'time') return undefined
    const labels = follow(lastArgument(node))
    if (name === 'vector' || name === 'absent') return new Set()
    if (name === 'histogram_quantile') {
      require(['le'], labels ?? new Set(), textOf(lastArgument(node)))
      return labels && new Set([...labels].filter((label) => label !== 'le'))
    }
    if (!KEEPS_LABELS.includes(name)) problems.push(`${name}() is not checked yet`)
    if (NEEDS_A_COUNTER.includes(name)) {
      for (const metric of listMetrics(node).map(textOf)) {
        if (known.get(metric)?.isCounter === false)
          problems.push(`${metric} is no counter: ${name}() of it lies`)
      }
    }
    return labels
  }

  function followOperator(node: SyntaxNode): Labels {
    const left = node.firstChild === null ? undefined : follow(node.firstChild)
    const right = node.lastChild === null ? undefined : follow(node.lastChild)
    const clause = node.getChild('MatchingModifierClause')
    if (clause !== null) problems.push(`${textOf(clause)} is not checked yet`)
    if (left === undefined || right === undefined) return left ?? right
    // Also of `or`: its sides are to be the same thing, from two sources.
    if (left.size !== right.size || ![...left].every((label) => right.has(label)))
      problems.push(`the sides never match: {${[...left]}} and {${[...right]}} in ${textOf(node)}`)
    return left
  }

  function lastArgument(node: SyntaxNode): SyntaxNode {
    return node.getChild('FunctionCallBody')?.lastChild ?? node
  }

  function listLabels(node: SyntaxNode): readonly string[] {
    return node.getChild('GroupingLabels')?.getChildren('LabelName').map(textOf) ?? []
  }

  const tree = parser.parse(expression)
  const mistakes = listChildrenDeep(tree.topNode).filter(({ type }) => type.isError)
  for (const { from } of mistakes)
    problems.push(`syntax error at ${from}: ${expression.slice(from, from + 20)}`)
  const labels = mistakes.length === 0 ? follow(tree.topNode) : undefined
  return { labels: labels ?? new Set(), problems }
}

function listMetrics(node: SyntaxNode): readonly SyntaxNode[] {
  return listChildrenDeep(node).filter(({ name }) => name === 'Identifier')
}

function listChildren(node: SyntaxNode): readonly SyntaxNode[] {
  const children: SyntaxNode[] = []
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child)
  return children
}

function listChildrenDeep(node: SyntaxNode): readonly SyntaxNode[] {
  return listChildren(node).flatMap((child) => [child, ...listChildrenDeep(child)])
}
