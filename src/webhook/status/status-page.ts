import { X509Certificate } from 'node:crypto'
import { REASONS } from '../identity/reasons.ts'
import type { Count, Status } from './status.ts'

/** Writes a status as a page of HTML that needs nothing else: no script, no image, no request. */
export function renderStatusPage(status: Status): string {
  const { version, pendingReasons, recentDecisions } = status
  const isReady = pendingReasons.length === 0
  const title = `pod-identity-webhook ${isReady ? 'is ready' : 'is not ready'}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>pod-identity-webhook</h1>
<p class="${isReady ? 'good' : 'bad'}"><strong>${isReady ? 'Ready' : 'Not ready'}</strong>${isReady ? '' : ', it waits for:'}</p>
${isReady ? '' : `<ul>${pendingReasons.map((reason) => `<li>${escapeHtml(reason)}</li>`).join('')}</ul>`}
${renderFacts([
  ['Version', version],
  ['Started', status.startedAt],
  ...describeCertificate(status),
  ['ServiceAccounts known', `${status.accounts.annotated} annotated, ${status.accounts.others} others`],
])}
<h2 id="watches">Watches</h2>
${renderTable(
  'watches',
  ['resource', 'connected', 'last heard of'],
  status.watches.map(({ resource, isConnected, ageSeconds }) => [
    resource,
    isConnected ? 'yes' : 'no',
    `${ageSeconds} s ago`,
  ]),
  'Nothing is watched.',
)}
<h2 id="decisions">Decisions</h2>
${renderTable('decisions', ['reason', 'meaning', 'count'], status.decisions.map(describeReason), 'None yet.')}
<h2 id="lookups">Lookups of ServiceAccounts</h2>
${renderTable(
  'lookups',
  ['result', 'count'],
  status.lookups.map(({ name, count }) => [name, String(count)]),
  'None yet.',
)}
<h2 id="recent">The last decisions</h2>
${recentDecisions === undefined ? '<p>Kept with <code>--enable-debugging-handlers</code> only: they name pods.</p>' : renderRecent(recentDecisions)}
<nav aria-label="More"><a href="metrics">Metrics</a> <a href="readyz">Readiness</a> <a href="status.json">This page as JSON</a></nav>
</main>
</body>
</html>
`
}

const STYLE = `
:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;margin:0}
main{max-width:70rem;margin:0 auto;padding:1rem}
h2{font-size:1.1rem;margin:1.5rem 0 .25rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;min-width:20rem}
th,td{text-align:left;vertical-align:top;padding:.2rem 1rem .2rem 0;border-bottom:1px solid #8886}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}
dd{margin:0;overflow-wrap:anywhere}
.good strong{color:light-dark(#11632a,#6fdc8c)}
.bad strong{color:light-dark(#a1121f,#ff8f96)}
td:first-child{white-space:nowrap}
nav{margin-top:1.5rem}
nav a{margin-right:1rem}
`

function describeCertificate({ certificate, authorityNotAfter }: Status): (readonly [string, string])[] {
  if (certificate === undefined) return [['Certificate', 'none yet']]
  const { issuer, subjectAltName = '' } = new X509Certificate(certificate.chainPem)
  return [
    ['Certificate ends', certificate.notAfter],
    ['Certificate for', subjectAltName.replaceAll('DNS:', '')],
    ['Certificate from', issuer.replaceAll('\n', ', ')],
    ...(authorityNotAfter === undefined ? [] : [['Authority ends', authorityNotAfter] as const]),
  ]
}

function describeReason({ name, count }: Count): readonly string[] {
  const reason = Object.entries(REASONS).find(([code]) => code === name)
  return [name, reason?.[1].sentence ?? '', String(count)]
}

function renderRecent(decisions: NonNullable<Status['recentDecisions']>): string {
  return renderTable(
    'recent',
    ['time', 'pod', 'ServiceAccount', 'reason', 'role', 'warnings'],
    decisions.map(({ time, namespace, pod, serviceAccount, reason, role, warnings }) => [
      time,
      namespace === '' ? pod : `${namespace}/${pod}`,
      serviceAccount,
      reason,
      role,
      warnings.join('; '),
    ]),
    'None yet.',
  )
}

function renderFacts(facts: readonly (readonly [string, string])[]): string {
  return `<dl>${facts.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`).join('')}</dl>`
}

/**
 * A table that a keyboard can scroll where it is wider than the window, named by the heading of this `id`; `empty` is said
 * where it has no rows.
 */
function renderTable(
  id: string,
  header: readonly string[],
  rows: readonly (readonly string[])[],
  empty: string,
): string {
  if (rows.length === 0) return `<p>${escapeHtml(empty)}</p>`
  const head = header.map((cell) => `<th scope="col">${escapeHtml(cell)}</th>`).join('')
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`)
  return `<div class="scroll" role="region" aria-labelledby="${id}" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
