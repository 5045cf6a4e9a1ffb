import t from 'tap'
import type { Kubectl } from '../../scripts/cluster/kubectl.ts'
import type { Manifest } from '../../scripts/cluster/manifest.ts'
import { findPolicyVersion, inVersion, servePolicies } from '../../scripts/cluster/policy-version.ts'

/** A kubectl of a cluster that serves kinds of admissionregistration.k8s.io by these versions. */
function kubectlOf(served: Readonly<Record<string, readonly string[]>>): Kubectl {
  return {
    run: () => Promise.reject(new Error('nothing else is asked')),
    attempt: ([, raw = '']) => {
      const kinds = served[raw.replace('--raw=/apis/admissionregistration.k8s.io/', '')]
      const stdout = JSON.stringify({ resources: kinds?.map((kind) => ({ kind })) })
      return Promise.resolve({ exitCode: kinds === undefined ? 1 : 0, stdout, stderr: '' })
    },
  }
}

const POLICY = 'MutatingAdmissionPolicy'
const NEW = kubectlOf({ v1: ['ValidatingAdmissionPolicy', POLICY], v1beta1: [POLICY] })
const SWITCHED_ON = kubectlOf({ v1: ['ValidatingAdmissionPolicy'], v1beta1: [POLICY, `${POLICY}Binding`] })
const OLD = kubectlOf({ v1: ['ValidatingAdmissionPolicy'] })

function manifest(kind: string): Manifest {
  return { apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name: 'a' } }
}

const MANIFESTS = [manifest(POLICY), manifest(`${POLICY}Binding`), manifest('ValidatingAdmissionPolicy')]

t.test('the version is what the cluster serves the kind by', async (t) => {
  t.equal(await findPolicyVersion(NEW), 'v1')
  t.equal(await findPolicyVersion(SWITCHED_ON), 'v1beta1')
  t.equal(await findPolicyVersion(OLD), undefined)
})

t.test('policies are deployed in that version, and refused where there is none', async (t) => {
  t.strictSame(await servePolicies(NEW, MANIFESTS, 'v1.36.3'), MANIFESTS)
  const versions = (await servePolicies(SWITCHED_ON, MANIFESTS, 'v1.34.4')).map(
    ({ apiVersion }) => apiVersion,
  )
  const beta = 'admissionregistration.k8s.io/v1beta1'
  t.strictSame(versions, [beta, beta, 'admissionregistration.k8s.io/v1'])
  await t.rejects(
    servePolicies(OLD, MANIFESTS, 'v1.33.0'),
    /Kubernetes v1.33.0 serves no MutatingAdmissionPolicy/,
  )
})

t.test('a cluster without them is asked for none, and whoever deploys none is not refused', async (t) => {
  const [, , validating] = MANIFESTS
  t.strictSame(inVersion(MANIFESTS, undefined), [validating])
  t.strictSame(await servePolicies(OLD, [manifest('Deployment')], 'v1.33.0'), [manifest('Deployment')])
})
