/** `make cluster-down`: removes all that `make cluster-up` made, whatever certificates and components it was given. */
import { checkAccess, listAccesses } from './access-review.ts'
import { divideIntoStages } from './apply-stages.ts'
import { ClusterError } from './cluster-error.ts'
import { type ClusterOptions, readClusterOptions } from './cluster-options.ts'
import { describeOutput, runCommand } from './command.ts'
import { connect } from './connection.ts'
import { listDeployableObjects } from './deployable-objects.ts'
import { createKubectl, type Kubectl } from './kubectl.ts'
import { isWrittenByPeople, toList } from './manifest.ts'
import { findNamespaceOwner, listFilledObjects, listForeignObjects } from './own-namespace.ts'
import { createProgress, type Progress } from './progress.ts'
import { findRegistration } from './registration.ts'

await runCommand('cluster-down', async () => {
  const options = readClusterOptions(process.env)
  const progress = createProgress(4, describeOutput(process.stdout, process.env))
  await takeDown(createKubectl(options.kubectlCommand), options, progress)
})

async function takeDown(kubectl: Kubectl, options: ClusterOptions, progress: Progress): Promise<void> {
  const { namespace } = options

  progress.begin('Asking the cluster')
  const { context, serverVersion, apiVersions } = await connect(kubectl, process.env)
  progress.note(`context ${context}, Kubernetes ${serverVersion}`)
  const registered = (await findRegistration(kubectl))?.namespace
  if (registered !== undefined && registered !== namespace) {
    throw new ClusterError(
      `the webhook of this cluster is in namespace ${registered}: make cluster-down NAMESPACE=${registered}`,
    )
  }
  const deployable = await listDeployableObjects(kubectl, namespace, apiVersions)
  const kept = await listFilledObjects(kubectl, deployable.filter(isWrittenByPeople))
  const objects = deployable.filter((object) => !kept.includes(object))
  await checkAccess(kubectl, listAccesses(['delete'], objects))
  const owner = await findNamespaceOwner(kubectl, namespace)
  const { foundations, workloads, registrations } = divideIntoStages(
    objects.filter(({ kind }) => kind !== 'Namespace'),
  )

  const remove = [
    'delete',
    '--ignore-not-found',
    `--wait=${options.isWaiting}`,
    `--timeout=${options.timeoutSeconds}s`,
  ]
  progress.begin('Removing the webhook configuration')
  await kubectl.run([...remove, '--filename=-'], toList(registrations))
  progress.begin('Removing the Deployment and its permissions')
  await kubectl.run([...remove, '--filename=-'], toList([...workloads, ...foundations]))
  for (const { kind, metadata } of kept) {
    progress.note(
      `${kind} ${metadata.name} is kept: people wrote it; kubectl delete --namespace=${namespace} ${kind.toLowerCase()}/${metadata.name} removes it`,
    )
  }
  progress.begin(`Removing namespace ${namespace}`)
  if (owner === 'nobody') return progress.note('it is not there')
  if (owner === 'somebody else') return progress.note('it is kept: it was there before the webhook')
  const foreign = [
    ...kept.map(({ kind, metadata }) => `${kind}/${metadata.name}`),
    ...(await listForeignObjects(kubectl, namespace)),
  ]
  if (foreign.length > 0) return progress.note(`it is kept: it holds ${foreign.join(', ')}`)
  await kubectl.run([...remove, 'namespace', namespace])
}
