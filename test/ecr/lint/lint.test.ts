import { fileURLToPath } from 'node:url'
import t from 'tap'
import { createPluginReader } from '../../../src/cli/ecr-credential-provider/plugin-reader.ts'
import { readConfigFiles } from '../../../src/ecr/config-files.ts'
import { lintFiles as lintWith } from '../../../src/ecr/lint/lint.ts'
import { formatFinding } from '../../../src/ecr/lint/report.ts'

const lintFiles = (sources: Parameters<typeof lintWith>[0]) => lintWith(sources, createPluginReader('AWS_'))

const FIXTURES = fileURLToPath(new URL('../../fixtures/ecr/', import.meta.url))

async function lintFixture(name: string): Promise<readonly string[]> {
  const findings = lintFiles([await readConfigFiles(`${FIXTURES}${name}`)])
  return findings.map((finding) => formatFinding(finding).replace(FIXTURES, ''))
}

const PLANTED: Readonly<Record<string, readonly RegExp[]>> = {
  'package.yaml': [
    /^package.yaml:1: error: apiVersion is missing; write apiVersion: packages/,
    /^package.yaml:4: error: namespace still has the placeholder "eksa-packages-<clusterName>"/,
    /^package.yaml:6: error: an annotation has no key/,
    /^package.yaml:12: warning: a toleration with an empty key tolerates every taint/,
    /^package.yaml:17: error: an unquoted \* begins an alias in YAML: "\*.dkr.ecr.\*"; write it in quotes/,
    /^package.yaml:17: warning: "\*.dkr.ecr.\*" matches no host of ECR/,
  ],
  'package-with-host.yaml': [
    /^package-with-host.yaml:11: warning: these of ECR get no credentials: .*China.*Sovereign/,
    /^package-with-host.yaml:12: error: an unquoted \* begins an alias/,
  ],
  // Another provider's patterns are its own business, the kubelet's rules are everybody's.
  'other-provider.yaml': [
    /^other-provider.yaml:14: error: cacheType is missing/,
    // The plugin reads another annotation.
    /^other-provider.yaml:14: warning: tokens are asked for, and no role is named for them; write eks.amazonaws.com\/ecr-role-arn/,
    /^other-provider.yaml:15: warning: nothing among these files lets nodes ask for tokens/,
  ],
  'china.yaml': [
    /^china.yaml:5: warning: these of ECR get no credentials: .*China/,
    /^china.yaml:7: warning: "\*.dkr.ecr.\*.amazonaws.cn" matches no host of ECR: .*write "\*.dkr.ecr.\*.amazonaws.com.cn"$/,
  ],
  'node-aws-config': [/^node-aws-config:1: warning: settings before the first profile .*; write \[default\]/],
  'without-kind.json': [
    /^without-kind.json:1: error: kind is missing; write kind: CredentialProviderConfig$/,
    /^without-kind.json:1: error: apiVersion is missing; write apiVersion: kubelet.config.k8s.io\/v1$/,
    /^without-kind.json:7: warning: these of ECR get no credentials: .*Sovereign/,
    /^without-kind.json:9: error: JSON has no place for a comma after the last item/,
  ],
}

for (const [name, expected] of Object.entries(PLANTED)) {
  t.test(`finds each mistake in ${name}, and nothing else`, async (t) => {
    const lines = await lintFixture(name)
    t.equal(lines.length, expected.length, lines.join('\n'))
    for (const [index, pattern] of expected.entries()) t.match(lines[index], pattern)
  })
}

const PROVIDER = [
  'apiVersion: kubelet.config.k8s.io/v1',
  'kind: CredentialProviderConfig',
  'providers:',
  '- name: ecr-credential-provider',
  '  apiVersion: credentialprovider.kubelet.k8s.io/v1',
  '  defaultCacheDuration: 0s',
  '  matchImages: [public.ecr.aws]',
]

const TOKENS = [
  '  tokenAttributes:',
  '    serviceAccountTokenAudience: sts.amazonaws.com',
  '    cacheType: ServiceAccount',
  '    requireServiceAccount: true',
  '    requiredServiceAccountAnnotationKeys: [eks.amazonaws.com/ecr-role-arn]',
]

const RBAC = [
  '---',
  'kind: ClusterRole',
  'metadata: {name: audience}',
  'rules: [{verbs: [request-serviceaccounts-token-audience], apiGroups: [""], resources: [sts.amazonaws.com]}]',
  '---',
  'kind: ClusterRoleBinding',
  'roleRef: {name: audience}',
  'subjects: [{kind: Group, name: system:nodes}]',
]

function lintLines(lines: readonly string[]): readonly string[] {
  return lintFiles([[{ path: 'c.yaml', text: lines.join('\n') }]]).map(formatFinding)
}

/** One line is changed in a configuration with tokens and RBAC, in which there is nothing to find. */
const CHANGES: readonly (readonly [from: string, to: string, finding: string])[] = [
  ['kubelet.config.k8s.io/v1', 'kubelet.config.k8s.io/v2', 'c.yaml:1: error: apiVersion is "kubelet.config'],
  ['kind: CredentialProviderConfig', 'kind: KubeletConfiguration', 'c.yaml:2: error: kind is "KubeletConf'],
  ['name: ecr-credential-provider', 'name: a/b', 'c.yaml:4: error: name "a/b" has a slash or a space'],
  ['name: ecr-credential-provider', 'name: ..', 'c.yaml:4: error: name ".." is a folder'],
  ['credentialprovider.kubelet.k8s.io/v1', 'v1', 'c.yaml:5: error: apiVersion is "v1"; write'],
  ['kubelet.k8s.io/v1', 'kubelet.k8s.io/v1beta1', 'c.yaml:8: error: tokenAttributes need another apiVersion'],
  [
    'Duration: 0s',
    'Duration: 0',
    'c.yaml:6: error: defaultCacheDuration is a number, not a text; write it in quotes',
  ],
  ['Duration: 0s', 'Duration: -5m', 'c.yaml:6: error: "-5m" is negative'],
  ['Duration: 0s', 'Duration: 12 h', 'c.yaml:6: error: "12 h" is no duration'],
  ['defaultCacheDuration', 'cacheDuration', 'c.yaml:6: error: there is no field "cacheDuration"'],
  ['matchImages', 'matchimages', 'c.yaml:7: error: there is no field "matchimages"; write matchImages'],
  ['[public.ecr.aws]', '[]', 'c.yaml:7: error: matchImages is empty'],
  [
    'public.ecr.aws',
    '"public.ecr.aws:*"',
    'c.yaml:7: error: "public.ecr.aws:*" does not parse: it has a glob in its port',
  ],
  [
    'public.ecr.aws',
    '"public.ecr.aws/*/app"',
    'c.yaml:7: warning: "public.ecr.aws/*/app" has a glob in its path',
  ],
  ['public.ecr.aws', 'https://public.ecr.aws', 'c.yaml:7: warning: "https://public.ecr.aws" has a scheme'],
  ['public.ecr.aws', '"*.amazonaws.com"', 'c.yaml:7: warning: "*.amazonaws.com" matches no host of ECR'],
  ['public.ecr.aws', '*.dkr.ecr.eu-west-1.amazonaws.com', 'c.yaml:7: error: an unquoted * begins an alias'],
  [
    'Audience: sts',
    'Audience: sns',
    'c.yaml:9: warning: nothing among these files lets nodes ask for tokens',
  ],
  [
    'requireServiceAccount: true',
    'requireServiceAccount: false',
    'c.yaml:8: error: requireServiceAccount is false, and',
  ],
  ['cacheType: ServiceAccount', 'cacheType: Pod', 'c.yaml:10: error: cacheType is "Pod"'],
  ['ecr-role-arn', 'image-role', 'c.yaml:8: warning: tokens are asked for, and no role is named'],
  [
    'ecr-role-arn',
    'ecr role-arn',
    'c.yaml:12: error: "eks.amazonaws.com/ecr role-arn" is no key of an annotation',
  ],
  [
    'name: system:nodes',
    'name: system:masters',
    'c.yaml:9: warning: nothing among these files lets nodes ask',
  ],
  ['verbs: [request-serviceaccounts-token-audience]', 'verbs: [get]', 'c.yaml:9: warning: nothing among'],
]

t.test('a configuration without mistakes has no findings', async (t) => {
  t.strictSame(lintLines(PROVIDER), [])
  t.strictSame(lintLines([...PROVIDER, ...TOKENS, ...RBAC]), [])
})

for (const [from, to, finding] of CHANGES) {
  t.test(`${to} in place of ${from}`, async (t) => {
    const text = [...PROVIDER, ...TOKENS, ...RBAC].join('\n')
    t.ok(text.includes(from))
    const lines = lintLines([text.replace(from, to)])
    t.ok(
      lines.some((line) => line.startsWith(finding)),
      lines.join('\n') || 'nothing found',
    )
  })
}

t.test('a name may be in one file of a folder alone; files named one by one are apart', async (t) => {
  const file = (path: string) => ({ path, text: PROVIDER.join('\n') })
  const together = lintFiles([[file('a.yaml'), file('b.yaml')]]).map(formatFinding)
  t.match(together, [/^b.yaml:4: error: the name "ecr-credential-provider" is in a.yaml too/])
  t.strictSame(lintFiles([[file('a.yaml')], [file('b.yaml')]]), [])
})

t.test('RBAC may be in another file', async (t) => {
  const config = { path: 'c.yaml', text: [...PROVIDER, ...TOKENS].join('\n') }
  const rbac = { path: 'r.yaml', text: RBAC.slice(1).join('\n') }
  t.strictSame(lintFiles([[config], [rbac]]), [])
})

t.test('the first document of a file is the one that counts', async (t) => {
  t.match(lintLines([...RBAC, '---', ...PROVIDER]), [
    /^c.yaml:10: error: the kubelet reads the first document/,
  ])
  t.match(lintLines([...PROVIDER, '---', ...PROVIDER]), [/^c.yaml:9: warning: .*not this one/])
})

t.test('hostile files end in findings, not in a stack', async (t) => {
  const files = [
    '['.repeat(20_000),
    '&a [*a]',
    '{"a":'.repeat(3000),
    '\0',
    'a: &x [*x, *x]',
    '- - - -',
    '? {',
  ]
  for (const text of files) t.ok(lintLines([text]).length > 0, JSON.stringify(text.slice(0, 20)))
})

t.test('what a configuration holds in its variables is in no finding', async (t) => {
  const env = '{"providers": [{"env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "s3cr3t-value"} "x"]}]}'
  t.notMatch(lintLines([env]).join('\n'), /s3cr3t/)
})

t.test('a folder is read as the kubelet reads it', async (t) => {
  const folder = t.testdir({ 'b.yml': '1', 'a.json': '2', 'c.txt': '3', 'd.yaml': {} })
  t.strictSame(
    (await readConfigFiles(folder)).map(({ text }) => text),
    ['2', '1'],
  )
  await t.rejects(readConfigFiles(`${folder}/d.yaml`), /holds no/)
  await t.rejects(readConfigFiles(`${folder}/nothing`), /cannot be read: ENOENT/)
})

const NODE = 'arn:aws:rolesanywhere:eu-central-1:111122223333'
const ROLES_ANYWHERE = [
  `--roles-anywhere-trust-anchor-arn=${NODE}:trust-anchor/1`,
  `--roles-anywhere-profile-arn=${NODE}:profile/1`,
  '--roles-anywhere-role-arn=arn:aws:iam::111122223333:role/node',
  '--roles-anywhere-certificate=/var/lib/kubelet/pki/kubelet-client-current.pem',
]

function lintStart(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  name = 'ecr-credential-provider',
) {
  const variables = Object.entries(env).map(([variable, value]) => ({ name: variable, value }))
  const provider = {
    name,
    matchImages: ['*.dkr.ecr.*.amazonaws.com'],
    defaultCacheDuration: '0s',
    apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
    args,
    env: variables,
  }
  const config = {
    apiVersion: 'kubelet.config.k8s.io/v1',
    kind: 'CredentialProviderConfig',
    providers: [provider],
  }
  return lintFiles([[{ path: 'c.json', text: JSON.stringify(config) }]])
    .filter(({ problem }) => !problem.startsWith('these of ECR'))
    .map(formatFinding)
}

t.test("the plugin's own args and env are read as the plugin reads them", async (t) => {
  t.strictSame(lintStart(ROLES_ANYWHERE), [])
  t.strictSame(lintStart(['get-credentials', '-v=4']), [], "klog's flags are known to nobody and ignored")
  const replaced = (index: number, arg: string) => ROLES_ANYWHERE.map((one, at) => (at === index ? arg : one))
  const cases: readonly (readonly [
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    finding: RegExp,
  ])[] = [
    [
      ['--roles-anywhere-profil-arn=x'],
      {},
      /error: the plugin refuses its arguments: unknown flag --roles-anywhere-profil-arn/,
    ],
    [
      ROLES_ANYWHERE.slice(1),
      {},
      /error: IAM Roles Anywhere is half configured: --roles-anywhere-trust-anchor-arn is missing/,
    ],
    [replaced(2, '--roles-anywhere-role-arn=node'), {}, /error: "node" is not the ARN of a role/],
    [
      replaced(0, `--roles-anywhere-trust-anchor-arn=${NODE}:profile/1`),
      {},
      /error: .*is not the ARN of a trust anchor/,
    ],
    [
      replaced(3, '--roles-anywhere-certificate=pki/node.pem'),
      {},
      /error: "pki\/node.pem" is no absolute path; write the whole path/,
    ],
    [
      [],
      { AWS_ROLES_ANYWHERE_ROLE_ARN: 'arn:aws:iam::111122223333:role/node' },
      /error: IAM Roles Anywhere is half configured/,
    ],
    [[], { AWS_PROFLE: 'node' }, /warning: nothing reads the variable "AWS_PROFLE"; write AWS_PROFILE/],
    [[], { AWS_CONFIG_FILE: 'aws/config' }, /error: AWS_CONFIG_FILE is no absolute path/],
    [[], { AWS_ECR_ROLE_ARN: 'puller' }, /error: AWS_ECR_ROLE_ARN is "puller", no ARN of a role/],
  ]
  for (const [args, env, finding] of cases) {
    const findings = lintStart(args, env)
    t.equal(findings.length, 1, findings.join('\n'))
    t.match(findings[0], finding)
    t.strictSame(lintStart(args, env, 'acr-credential-provider'), [], "another plugin's are its own business")
  }
  t.notMatch(lintStart([], { AWS_CONFIG_FILE: '-----BEGIN PRIVATE KEY-----' }).join(), /BEGIN/)
})
