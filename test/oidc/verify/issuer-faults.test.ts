import t from 'tap'
import { testFaults } from './support/fault.ts'
import { describeIssuer } from './support/healthy-world.ts'
import { DISCOVERY_PAGE, type Page, publish } from './support/issuer-server.ts'
import { useWorld } from './support/use-world.ts'

const world = await useWorld(t)
const { issuer, cluster } = world
const twin = issuer.url.replace('/cluster', '/twin')

const publishDiscovery = (changes: Readonly<Record<string, unknown>>) =>
  publish(issuer, DISCOVERY_PAGE, describeIssuer(issuer.url, changes))
const setPage = (path: string, page: Page) => issuer.pages.set(path, page)

testFaults(t, world, [
  {
    name: 'the discovery document is missing',
    make: () => issuer.pages.delete(DISCOVERY_PAGE),
    id: 'issuer-reachable',
    message: /it answers HTTP 404, not 200/,
    hint: /oidc publish/,
  },
  {
    name: 'the discovery document is elsewhere',
    make: () =>
      setPage(DISCOVERY_PAGE, {
        status: 301,
        headers: { location: `${twin}/a` },
        body: '',
      }),
    id: 'issuer-reachable',
    message: /it redirects to "https:\/\/127\.0\.0\.1:\d+\/twin\/a" \(HTTP 301\)/,
    hint: /follows no redirects/,
  },
  {
    name: 'the discovery document is a page of errors',
    make: () => setPage(DISCOVERY_PAGE, { body: '<html>' }),
    id: 'issuer-reachable',
    message: /no JSON object/,
    hint: /oidc publish/,
  },
  {
    name: 'the discovery document is a list',
    make: () => setPage(DISCOVERY_PAGE, { body: '[]' }),
    id: 'issuer-reachable',
    message: /no JSON object/,
    hint: /oidc publish/,
  },
  {
    name: 'the discovery document is over 1 MiB',
    make: () => setPage(DISCOVERY_PAGE, { body: JSON.stringify({ a: 'x'.repeat(1_048_577) }) }),
    id: 'issuer-reachable',
    message: /over 1048576 bytes/,
    hint: /./,
  },
  {
    name: 'another issuer is published',
    make: () => publishDiscovery({ issuer: 'https://oidc.test\u009b2J' }),
    id: 'issuer-matches',
    message: /^the discovery document says "https:\/\/oidc\.test\\u009b2J", not "https:\/\/127/,
    hint: /publish it with exactly the issuer/,
  },
  {
    name: 'the published issuer has a slash more',
    make: () => publishDiscovery({ issuer: `${issuer.url}/` }),
    id: 'issuer-matches',
    message: /: they differ by a slash at the end$/,
    hint: /exactly/,
  },
  {
    name: 'no issuer is published',
    make: () => publishDiscovery({ issuer: undefined }),
    id: 'issuer-matches',
    message: /has no issuer/,
    hint: /oidc publish/,
  },
  {
    name: 'the cluster has another issuer',
    make: () => Object.assign(cluster.state, { issuer: 'https://kubernetes.default.svc' }),
    id: 'issuer-matches',
    message: /^the cluster's issuer is "https:\/\/kubernetes\.default\.svc", not "https:\/\/127/,
    hint: /--service-account-issuer=https:\/\/127/,
  },
  {
    name: "the cluster's issuer differs by capitals",
    make: () => Object.assign(cluster.state, { issuer: issuer.url.replace('cluster', 'Cluster') }),
    id: 'issuer-matches',
    message: /: they differ by capitals$/,
    hint: /--service-account-issuer/,
  },
  {
    name: 'the cluster has two issuers joined by a comma',
    make: () =>
      Object.assign(cluster.state, { issuer: `${issuer.url},https://kubernetes.default.svc.cluster.local` }),
    id: 'issuer-matches',
    message: /two joined by a comma, "https:\/\/127[^"]*,https:\/\/kubernetes/,
    hint: /podIamConfig\.serviceAccountIssuer or in apiServerExtraArgs, not in both/,
  },
  {
    name: "the cluster's documents are forbidden",
    make: () =>
      cluster.state.faults.set('/.well-known/openid-configuration', { status: 403, message: 'forbidden' }),
    id: 'issuer-matches',
    message: /answered 403: forbidden/,
    hint: /system:service-account-issuer-discovery/,
  },
])
