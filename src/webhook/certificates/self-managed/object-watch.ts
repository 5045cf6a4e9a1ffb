import type { ApiClient } from '../../../kubernetes/api-client.ts'
import { ApiError } from '../../../kubernetes/api-error.ts'
import type { ApiObject } from '../../../kubernetes/api-object.ts'
import type { ReflectedResource } from '../../../kubernetes/reflected-resource.ts'
import { Reflector } from '../../../kubernetes/reflector.ts'
import type { Timing } from '../../../kubernetes/timing.ts'

/**
 * Watches one object, as an alarm: each change is told, and the object with it where there is one.
 *
 * Whoever hears it looks at the object anew, and looks at times without being told, so nothing depends on every event. Only a
 * refusal, which waiting does not mend, is worth reporting.
 */
export function watchObject(options: {
  readonly client: ApiClient
  readonly resource: ReflectedResource
  readonly timing: Timing
  readonly onChange: (object: ApiObject | undefined) => void
  readonly onRefused: (error: ApiError) => void
}): Reflector {
  const { client, resource, timing, onChange, onRefused } = options
  return new Reflector({
    client,
    resource,
    timing,
    store: {
      beginReplacement: () => {
        let found: ApiObject | undefined
        return {
          add: (objects) => {
            found = objects[0] ?? found
          },
          commit: () => onChange(found),
        }
      },
      upsert: onChange,
      remove: () => onChange(undefined),
      advance() {},
    },
    observer: {
      connected() {},
      disconnected() {},
      heard() {},
      changed() {},
      restarted(_cause, error) {
        if (error instanceof ApiError && error.status === 403) onRefused(error)
      },
    },
  })
}
