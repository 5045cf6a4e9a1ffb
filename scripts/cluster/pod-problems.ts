/** What pods and ReplicaSets say of themselves, as far as it tells why a rollout hangs. */
export interface PodState {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly message?: string
    }[]
    readonly containerStatuses?: readonly {
      readonly ready: boolean
      readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } }
      readonly lastState?: { readonly terminated?: { readonly exitCode: number; readonly reason?: string } }
    }[]
  }
}

/** Says of the first object that has a reason what it is; `undefined` where none has. */
export function explainPods(objects: readonly PodState[]): string | undefined {
  for (const { kind, metadata, status } of objects) {
    const name = `${metadata.namespace}/${metadata.name}`
    if (kind === 'Pod') {
      const reason = explainPod(status)
      if (reason !== undefined) return `pod ${name}: ${reason}`
    } else {
      const failure = findCondition(status, 'ReplicaFailure', 'True')
      if (failure !== undefined) return `no pod can be created: ${failure}`
    }
  }
  return undefined
}

function explainPod(status: PodState['status']): string | undefined {
  const unscheduled = findCondition(status, 'PodScheduled', 'False')
  if (unscheduled !== undefined) return `no node takes it: ${unscheduled}`
  for (const { ready, state, lastState } of status?.containerStatuses ?? []) {
    const terminated = lastState?.terminated
    if (terminated && !ready) {
      const how = `exit code ${terminated.exitCode}${terminated.reason ? `, ${terminated.reason}` : ''}`
      return `${state?.waiting?.reason ?? 'it was restarted'} (${how}): kubectl logs --previous says why`
    }
    const { reason, message } = state?.waiting ?? {}
    if (reason !== undefined) return message ? `${reason}: ${message.split('\n')[0]}` : reason
    if (!ready) return 'it runs and is not ready: kubectl logs says what it waits for'
  }
  return undefined
}

function findCondition(status: PodState['status'], type: string, value: string): string | undefined {
  return status?.conditions?.find((condition) => condition.type === type && condition.status === value)
    ?.message
}
