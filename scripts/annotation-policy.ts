// Writes deploy/base/annotation-policy.yaml from the webhook's own tables; --check only compares.
import { readFileSync, writeFileSync } from 'node:fs'
import { stringify } from 'yaml'
import { INJECTION_FLAGS } from '../src/cli/pod-identity-webhook/flags/injection-flags.ts'
import { buildAnnotationPolicy } from '../src/webhook/annotation-policy/annotation-policy.ts'

const TARGET = new URL('../deploy/base/annotation-policy.yaml', import.meta.url)

const HEAD = `# Tells whoever annotates a ServiceAccount what the webhook would say of it when a pod is created.
# Generated from the webhook's own tables: change those in src/webhook/identity, then run node scripts/annotation-policy.ts.
`

/** The file as it should be. */
export function renderAnnotationPolicy(): string {
  const prefix = INJECTION_FLAGS.flags.annotationPrefix.default
  const objects = buildAnnotationPolicy({ prefix, composesRoleArns: false }, 'Warn')
  return HEAD + objects.map((object) => stringify(object, { lineWidth: 118 })).join('---\n')
}

if (import.meta.main) {
  const text = renderAnnotationPolicy()
  if (!process.argv.includes('--check')) writeFileSync(TARGET, text)
  else if (readFileSync(TARGET, 'utf8') !== text) {
    process.stderr.write(
      'deploy/base/annotation-policy.yaml is not what the tables say: run node scripts/annotation-policy.ts\n',
    )
    process.exitCode = 1
  }
}
