import { fail, pass, type Verdict } from '../../checks/verdict.ts'
import type { CheckContext } from '../check.ts'

/** matchConditions of webhooks and ValidatingAdmissionPolicy are stable from here on. */
const OLDEST_MINOR = 30

/** Whether the API server is new enough for the manifests. */
export async function checkKubernetesVersion({ reader }: CheckContext): Promise<Verdict> {
  const { gitVersion = '' } = (await reader.getPath('/version')) as { readonly gitVersion?: string }
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(gitVersion) ?? []
  if (Number(major) > 1 || Number(minor) >= OLDEST_MINOR) return pass(`Kubernetes ${gitVersion}`)
  return fail({
    message: `Kubernetes ${gitVersion} is older than 1.${OLDEST_MINOR}, which the manifests need`,
    hint: 'upgrade the cluster',
  })
}
