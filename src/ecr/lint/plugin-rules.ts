import { resolveSessionTarget } from '../../roles-anywhere/session-target.ts'
import { measureDistance } from '../../text/edit-distance.ts'
import { quoteText } from '../../text/quoted-text.ts'
import { chooseCredentialSource, ROLE_VARIABLE, type SourceSettings } from '../plugin/credential-source.ts'
import type { Report } from './report.ts'

/** What a provider of this plugin is started with. */
export interface PluginStart {
  readonly args: readonly PlacedText[]
  readonly variables: readonly (PlacedText & { readonly name: string })[]
  /** Of the provider. */
  readonly line: number
}

/** A text and its line. */
export interface PlacedText {
  readonly text: string
  readonly line: number
}

/** Reads arguments and variables as the plugin does, by its own table of flags; `problem` is one line. */
export type PluginReader = (
  args: readonly string[],
  env: Readonly<Record<string, string>>,
) => SourceSettings | { readonly problem: string }

/** Variables that the plugin, or the AWS SDK in it, reads. */
const KNOWN_VARIABLES = [
  ...[
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
    'AWS_PROFILE',
    'AWS_DEFAULT_PROFILE',
  ],
  ...['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE', 'AWS_CA_BUNDLE', 'AWS_REGION', 'AWS_DEFAULT_REGION'],
  ...[
    'AWS_ROLE_ARN',
    'AWS_ROLE_SESSION_NAME',
    'AWS_WEB_IDENTITY_TOKEN_FILE',
    'AWS_MAX_ATTEMPTS',
    'AWS_RETRY_MODE',
  ],
  ...[
    'AWS_USE_FIPS_ENDPOINT',
    'AWS_USE_DUALSTACK_ENDPOINT',
    'AWS_EC2_METADATA_DISABLED',
    'AWS_SDK_LOAD_CONFIG',
  ],
  ...['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_ECR', 'AWS_ENDPOINT_URL_ECR_PUBLIC', 'AWS_ENDPOINT_URL_STS'],
  ...['AWS_ENDPOINT_URL_ROLESANYWHERE', 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'AWS_STS_REGIONAL_ENDPOINTS'],
  ...[
    'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
    'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  ],
  ...['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', 'AWS_ROLE_ARN_ANNOTATION', ROLE_VARIABLE],
  ...['TRUST_ANCHOR_ARN', 'PROFILE_ARN', 'ROLE_ARN', 'CERTIFICATE', 'PRIVATE_KEY', 'INTERMEDIATES'].map(
    (name) => `AWS_ROLES_ANYWHERE_${name}`,
  ),
]

/** Variables that name files: the kubelet starts plugins in a folder of its own. */
const FILE_VARIABLES = [
  'AWS_CONFIG_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_CA_BUNDLE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
]

/** One letter wrong, left out or too many, or two of them changed. */
const MAX_DISTANCE = 2

const ROLE_ARN = /^arn:aws[a-z0-9-]*:iam::\d{12}:role\/[\w/.@+=,-]+$/

/** Checks args and env of a provider of this plugin; gives the annotations that name a role for it, beside its own. */
export function checkPluginStart(
  { args, variables, line }: PluginStart,
  read: PluginReader,
  report: Report,
): readonly string[] {
  for (const variable of variables) checkVariable(variable, report)
  const env = Object.fromEntries(variables.map(({ name, text }) => [name, text]))
  const settings = read(
    args.map(({ text }) => text),
    env,
  )
  // What one argument is about has its line; what is missing has the provider's.
  const lineOf = (...texts: readonly (string | undefined)[]) =>
    [...args, ...variables].find(({ text }) => texts.some((part) => part && text.includes(part)))?.line ??
    line
  if ('problem' in settings) {
    const [flag] = /--[\w-]+/.exec(settings.problem) ?? []
    report.refuse(
      lineOf(flag),
      `the plugin refuses its arguments: ${settings.problem}`,
      'correct args or env',
    )
    return []
  }
  checkRolesAnywhere(settings, lineOf, report)
  return settings.roleArnAnnotations
}

function checkVariable({ name, text, line }: PlacedText & { readonly name: string }, report: Report): void {
  if (FILE_VARIABLES.includes(name) && text !== '' && !text.startsWith('/'))
    report.refuse(
      line,
      `${name} is no absolute path`,
      'write the whole path: the kubelet starts plugins elsewhere',
    )
  if (name === ROLE_VARIABLE && text !== '' && !ROLE_ARN.test(text))
    report.refuse(
      line,
      `${name} is ${quoteText(text)}, no ARN of a role`,
      'write arn:aws:iam::ACCOUNT:role/NAME',
    )
  if (!name.startsWith('AWS_') || KNOWN_VARIABLES.includes(name)) return
  const meant = KNOWN_VARIABLES.find((known) => measureDistance(known, name) <= MAX_DISTANCE)
  if (meant !== undefined)
    report.warn(line, `nothing reads the variable ${quoteText(name)}`, `write ${meant}`)
}

function checkRolesAnywhere(
  settings: SourceSettings,
  lineOf: (...texts: readonly (string | undefined)[]) => number,
  report: Report,
): void {
  const { certificatePath, privateKeyPath, intermediatesPath, ...arns } = settings.rolesAnywhere
  try {
    const source = chooseCredentialSource(
      { serviceAccountToken: undefined, serviceAccountAnnotations: {} },
      settings,
      {},
    )
    if (source.kind !== 'roles-anywhere') return
    const request = { ...source, durationSeconds: 900, roleSessionName: undefined }
    resolveSessionTarget({ ...request, region: undefined, endpoint: undefined }, {})
  } catch (error) {
    const { message } = error as Error
    const wrong = Object.values(arns).find((arn) => arn && message.includes(arn))
    report.refuse(lineOf(wrong, '--roles-anywhere'), message, 'correct args or env')
  }
  for (const path of [certificatePath, privateKeyPath, intermediatesPath]) {
    if (path && !path.startsWith('/'))
      report.refuse(
        lineOf(path),
        `${quoteText(path)} is no absolute path`,
        'write the whole path: the kubelet starts plugins elsewhere',
      )
  }
}
