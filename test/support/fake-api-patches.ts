import jsonPatch from 'fast-json-patch'

/** What kube-apiserver makes of a patch: the new object, or the status and reason that it refuses it with. */
export type PatchResult =
  | { readonly isApplied: true; readonly json: string }
  | { readonly isApplied: false; readonly status: number; readonly reason: string }

/**
 * Applies a JSON Patch, a merge patch or a server-side apply to an object, undefined where there is none.
 *
 * As in kube-apiserver, a patch that sets another resourceVersion than the object has is a conflict.
 */
export function applyPatch(contentType: string, json: string | undefined, body: string): PatchResult {
  const patch = JSON.parse(body)
  if (json === undefined) {
    if (contentType !== 'application/apply-patch+yaml') return refuse(404, 'NotFound')
    return { isApplied: true, json: JSON.stringify(patch) }
  }
  const object = JSON.parse(json)
  const version = object.metadata.resourceVersion
  try {
    const patched: typeof object =
      contentType === 'application/json-patch+json'
        ? jsonPatch.applyPatch(object, patch, true).newDocument
        : merge(object, patch)
    if (patched.metadata.resourceVersion !== version) return refuse(409, 'Conflict')
    return { isApplied: true, json: JSON.stringify(patched) }
  } catch {
    return refuse(422, 'Invalid')
  }
}

function refuse(status: number, reason: string): PatchResult {
  return { isApplied: false, status, reason }
}

/** RFC 7396; for what the webhook applies, server-side apply comes to the same. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const merged = { ...(typeof target === 'object' ? target : {}) } as Record<string, unknown>
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else merged[key] = merge(merged[key], value)
  }
  return merged
}
