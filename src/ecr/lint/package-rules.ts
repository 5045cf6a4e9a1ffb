import { quoteText } from '../../text/quoted-text.ts'
import { parseDocuments } from './documents.ts'
import { type LocatedObject, readField, readObjects } from './located.ts'
import { checkPatterns } from './pattern-rules.ts'
import { checkDuration } from './provider-rules.ts'
import type { Report } from './report.ts'

const PACKAGE_VERSION = 'packages.eks.amazonaws.com/v1alpha1'

const PACKAGE_NAME = 'credential-provider-package'

/**
 * Checks a Package of EKS Anywhere that installs its credential provider; its settings are YAML in a text.
 *
 * Source: https://anywhere.eks.amazonaws.com/docs/packages/credential-provider-package/
 */
export function checkPackage(manifest: LocatedObject, report: Report): void {
  const apiVersion = readField(manifest, 'apiVersion', 'text', report)?.text
  if (apiVersion !== PACKAGE_VERSION)
    report.refuse(
      manifest.fields.get('apiVersion')?.line ?? manifest.line,
      apiVersion === undefined ? 'apiVersion is missing' : `apiVersion is ${quoteText(apiVersion)}`,
      `write apiVersion: ${PACKAGE_VERSION}`,
    )
  checkMetadata(manifest, report)
  const spec = readField(manifest, 'spec', 'object', report)
  if (spec === undefined) {
    report.refuse(
      manifest.line,
      'spec is missing',
      `write spec with packageName: ${PACKAGE_NAME}, and config`,
    )
    return
  }
  const packageName = readField(spec, 'packageName', 'text', report)?.text
  if (packageName === undefined)
    report.refuse(spec.line, 'packageName is missing', `write packageName: ${PACKAGE_NAME}`)
  if (packageName !== undefined && packageName !== PACKAGE_NAME) return
  const config = readField(spec, 'config', 'text', report)
  if (config === undefined) return
  for (const settings of parseDocuments(config.text, report, config.firstContentLine)) {
    if (settings.kind === 'object') checkSettings(settings, report)
    else report.refuse(settings.line, 'the config is no YAML object', 'write credential: and a list under it')
  }
}

function checkMetadata(manifest: LocatedObject, report: Report): void {
  const metadata = readField(manifest, 'metadata', 'object', report)
  if (metadata === undefined) {
    report.refuse(
      manifest.line,
      'metadata is missing',
      'write metadata with name, and namespace: eksa-packages-CLUSTER',
    )
    return
  }
  for (const [name, { line, value }] of metadata.fields) {
    if (value.kind === 'text' && /[<>$]/.test(value.text))
      report.refuse(
        line,
        `${name} still has the placeholder ${quoteText(value.text)}`,
        "write the cluster's name",
      )
  }
  const annotations = readField(metadata, 'annotations', 'object', report)
  const empty = annotations?.fields.get('')
  if (empty !== undefined)
    report.refuse(empty.line, 'an annotation has no key', 'write "helm.sh/resource-policy": keep')
}

function checkSettings(settings: LocatedObject, report: Report): void {
  const credentials = readObjects(settings, 'credential', report)
  if (credentials.length === 0)
    report.warn(settings.line, 'there is no credential', 'write credential: with matchImages and secretName')
  for (const credential of credentials) {
    checkPatterns(credential, { isForEcr: true }, report)
    if (credential.fields.has('defaultCacheDuration')) checkDuration(credential, report)
    if (readField(credential, 'secretName', 'text', report) === undefined)
      report.refuse(
        credential.line,
        'secretName is missing',
        'write the name of a Secret in the target namespace',
      )
  }
  for (const toleration of readObjects(settings, 'tolerations', report)) {
    const key = toleration.fields.get('key')
    if (key?.value.kind === 'text' && key.value.text === '')
      report.warn(
        key.line,
        'a toleration with an empty key tolerates every taint',
        'write node-role.kubernetes.io/control-plane',
      )
  }
}
