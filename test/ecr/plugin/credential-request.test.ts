import t from 'tap'
import { API_VERSIONS, parseCredentialRequest } from '../../../src/ecr/plugin/credential-request.ts'

const REQUEST = {
  kind: 'CredentialProviderRequest',
  apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
  image: 'docker.io/app',
}

t.test('a request of each version is read', async (t) => {
  t.equal(API_VERSIONS.length, 3)
  for (const apiVersion of API_VERSIONS) {
    t.same(parseCredentialRequest(JSON.stringify({ ...REQUEST, apiVersion })), {
      apiVersion,
      image: 'docker.io/app',
      serviceAccountToken: undefined,
      serviceAccountAnnotations: {},
    })
  }
})

t.test('token and annotations are read; null and an empty token are none', async (t) => {
  const annotations = { a: 'b' }
  const token = { serviceAccountToken: 'abc', serviceAccountAnnotations: annotations }
  t.match(parseCredentialRequest(JSON.stringify({ ...REQUEST, ...token })), token)
  t.match(
    parseCredentialRequest(
      JSON.stringify({ ...REQUEST, serviceAccountToken: '', serviceAccountAnnotations: null }),
    ),
    { serviceAccountToken: undefined, serviceAccountAnnotations: {} },
  )
})

t.test('members of later versions of the API are let be', async (t) => {
  t.equal(parseCredentialRequest(JSON.stringify({ ...REQUEST, more: 1 })).image, 'docker.io/app')
})

t.test('what is no request is refused, and not repeated', async (t) => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['', /no request on stdin/],
    [' \n', /no request on stdin/],
    ['{"serviceAccountToken":"s3cret-token",', /^the request on stdin is no JSON$/],
    [`${JSON.stringify(REQUEST)} s3cret-token`, /^the request on stdin is no JSON$/],
    ['null', /no JSON object/],
    ['[]', /no JSON object/],
    ['"s3cret-token"', /no JSON object/],
    ['{}', /unsupported kind of type undefined/],
    [JSON.stringify({ ...REQUEST, kind: 'Pod' }), /unsupported kind "Pod"/],
    [JSON.stringify({ ...REQUEST, kind: ['s3cret-token'] }), /unsupported kind of type object/],
    [JSON.stringify({ ...REQUEST, apiVersion: 'v1' }), /unsupported group or version "v1"/],
    [JSON.stringify({ ...REQUEST, apiVersion: 'x.k8s.io/v1' }), /unsupported group or version/],
    [JSON.stringify({ ...REQUEST, apiVersion: 'credentialprovider.kubelet.k8s.io/v2' }), /unsupported group/],
    [JSON.stringify({ ...REQUEST, image: 5 }), /image in plugin request is no text/],
    [
      JSON.stringify({ ...REQUEST, serviceAccountToken: ['s3cret-token'] }),
      /serviceAccountToken .* is no text/,
    ],
    [JSON.stringify({ ...REQUEST, serviceAccountAnnotations: ['s3cret-token'] }), /Annotations .* no map/],
    [JSON.stringify({ ...REQUEST, serviceAccountAnnotations: { a: 1 } }), /Annotations .* no map of texts/],
  ]
  for (const [text, message] of rows) {
    try {
      parseCredentialRequest(text)
      t.fail(text)
    } catch (error) {
      t.match(error, { name: 'ProviderError', message }, text)
      t.notMatch(String(error), /s3cret/)
    }
  }
})
