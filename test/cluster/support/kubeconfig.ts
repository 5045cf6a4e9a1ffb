/** A kubeconfig for one cluster and one user, as JSON, which YAML readers take. */
export function formatKubeconfig(options: {
  readonly url: string
  readonly caPem: string
  readonly token: string
}): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'test',
        cluster: {
          server: options.url,
          'certificate-authority-data': Buffer.from(options.caPem).toString('base64'),
        },
      },
    ],
    users: [{ name: 'test', user: { token: options.token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  })
}
