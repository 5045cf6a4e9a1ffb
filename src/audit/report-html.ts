import type { Audit } from './audit.ts'
import { FINDINGS, type Finding, MENDED_BY_RESTART } from './findings.ts'

/** What the report says about itself. */
export interface ReportHeading {
  readonly cluster: string
  readonly at: Date
}

/**
 * Writes findings as one HTML page that asks nobody for anything: it filters by itself, opens each finding, works by keyboard, in
 * light and dark, and on paper.
 */
export function renderHtml(audit: Audit, { cluster, at }: ReportHeading): string {
  const { findings, podCount, accountCount, gaps, isCut } = audit
  const unique = (values: readonly string[]) => [...new Set(values)].sort()
  const totals = unique(findings.map(({ code }) => code)).map((code) => {
    const of = findings.filter((finding) => finding.code === code)
    const { severity } = FINDINGS[code as Finding['code']]
    return `<li class="${severity}"><b>${of.length}</b> ${escapeHtml(code)}</li>`
  })
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Pod identities of ${escapeHtml(cluster)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Pod identities of ${escapeHtml(cluster)}</h1>
<p>${escapeHtml(at.toISOString())}: ${podCount} pods and ${accountCount} annotated ServiceAccounts were looked at.${isCut ? ' The audit was ended early; there may be more.' : ''}</p>
${gaps.map((gap) => `<p class="gap">Not looked at: ${escapeHtml(gap)}.</p>`).join('\n')}
<ul class="totals">${totals.join('')}</ul>
${findings.length === 0 ? '<p>Nothing was found.</p>' : ''}
<form>
${renderFilter('finding', 'Finding', unique(findings.map(({ code }) => code)))}
${renderFilter('namespace', 'Namespace', unique(findings.map(({ namespace }) => namespace)))}
${renderFilter('role', 'Role', unique(findings.map(({ role }) => role).filter((role) => role !== '')))}
<label>Search <input type="search" name="search"></label>
</form>
<p role="status">${findings.length} of ${findings.length} findings</p>
<main>
${findings.map(renderFinding).join('\n')}
</main>
<script>${SCRIPT}</script>
</body>
</html>
`
}

function renderFilter(name: string, title: string, values: readonly string[]): string {
  const options = values.map((value) => `<option>${escapeHtml(value)}</option>`)
  return `<label>${title} <select name="${name}"><option value="">all</option>${options.join('')}</select></label>`
}

function renderFinding(finding: Finding): string {
  const { code, namespace, kind, name, serviceAccount, role, detail, podCount, pods } = finding
  const { severity, sentence, remedy } = FINDINGS[code]
  const data = { finding: code, namespace, role }
  const attributes = Object.entries(data).map(([key, value]) => `data-${key}="${escapeHtml(value)}"`)
  const rows: readonly (readonly [string, string])[] = [
    ['ServiceAccount', serviceAccount],
    ['Role', role],
    ['Detail', detail],
    ['Pods', podCount === 0 ? '' : `${podCount}: ${pods.join(', ')}${podCount > pods.length ? ', …' : ''}`],
  ]
  return `<details ${attributes.join(' ')}>
<summary><span class="${severity}">${code}</span> ${escapeHtml(namespace)} ${escapeHtml(kind)}/${escapeHtml(name)}${podCount === 0 ? '' : ` (${podCount})`}</summary>
<p>${escapeHtml(kind)} ${escapeHtml(name)} ${escapeHtml(sentence)}. To do: ${escapeHtml(remedy)}.</p>
<dl>${rows.flatMap(([title, value]) => (value === '' ? [] : [`<dt>${title}</dt><dd>${escapeHtml(value)}</dd>`])).join('')}</dl>
${describeCommand(finding)}
</details>`
}

const RESTARTABLE = ['Deployment', 'StatefulSet', 'DaemonSet']

function describeCommand({ code, namespace, kind, name }: Finding): string {
  if (!MENDED_BY_RESTART.has(code) || !RESTARTABLE.includes(kind)) return ''
  const command = `kubectl --namespace=${namespace} rollout restart ${kind.toLowerCase()}/${name}`
  return `<pre tabindex="0">${escapeHtml(command)}</pre>`
}

/** As text and as the value of an attribute. */
function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; --missed: #b00020; --wrong: #8a5300; --note: #35608f }
@media (prefers-color-scheme: dark) { :root { --missed: #ff8a95; --wrong: #f2b34a; --note: #8fbcec } }
body { max-width: 70rem; margin: 0 auto; padding: 1rem }
.totals { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; padding: 0; list-style: none }
.missed { color: var(--missed) } .wrong { color: var(--wrong) } .note { color: var(--note) }
form { display: flex; flex-wrap: wrap; gap: .5rem 1rem; margin: 1rem 0 }
label { display: inline-flex; gap: .4rem; align-items: center }
select, input { font: inherit; max-width: 22rem; padding: .2rem .4rem }
details { border-top: 1px solid; border-color: color-mix(in srgb, currentColor 25%, transparent); padding: .4rem 0 }
summary { cursor: pointer; overflow-wrap: anywhere }
summary span { font-weight: 600 }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .5rem 0 }
dd { margin: 0; overflow-wrap: anywhere }
pre { padding: .5rem; overflow: auto; background: color-mix(in srgb, currentColor 8%, transparent) }
:focus-visible { outline: 3px solid var(--note); outline-offset: 2px }
[hidden] { display: none }
@media print { form, [role=status] { display: none } details > * { display: block } details::details-content { content-visibility: visible; display: block } }
`

const SCRIPT = `
const form = document.querySelector('form')
const all = [...document.querySelectorAll('details')]
const status = document.querySelector('[role=status]')
const filter = () => {
  const { finding, namespace, role, search } = form.elements
  const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean)
  let count = 0
  for (const one of all) {
    const text = one.textContent.toLowerCase()
    const fits = [finding, namespace, role].every(({ name, value }) => value === '' || one.dataset[name] === value)
    one.hidden = !(fits && words.every((word) => text.includes(word)))
    if (!one.hidden) count++
  }
  status.textContent = count + ' of ' + all.length + ' findings'
}
form.addEventListener('input', filter)
form.addEventListener('submit', (event) => event.preventDefault())
addEventListener('beforeprint', () => all.forEach((one) => { one.open = true }))
`
