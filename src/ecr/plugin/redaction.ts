import type { Environment } from '../../aws/endpoint.ts'

/** Keeps secrets out of texts that will be logged. */
export interface Redactor {
  /** Makes a text secret, and all longer parts of it. */
  hide(secret: string | undefined): void
  redact(text: string): string
}

const REDACTED = '[redacted]'

const SECRET_VARIABLES = [
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'ROLES_ANYWHERE_KEY_PASSWORD',
]

/** So long a part of a secret gives it away: services may cut what they repeat. */
const PART_CHARACTERS = 12

/** Shorter ones stand in ordinary words. */
const MIN_SECRET_CHARACTERS = 4

/** An ARN, or a run of the characters that keys, tokens in base64 and JWTs are written in. */
const RUNS = /arn:aws[\w-]*:[\w-]*:[\w-]*:\d*:[\w+=,.@/:*-]+|[\w+/=.~%-]+/g

/** Nothing that people write is so long, has capitals, small letters and digits, and no dot. */
const RANDOM = /(?=[^.]*[a-z])(?=[^.]*[A-Z])(?=[^.]*\d)[\w+/=~%-]{36,}/

/** JSON in base64url begins so: the first part of a JWT. */
const JWT = /eyJ[\w-]{5}/

/**
 * Makes a redactor for an environment. What it was told is hidden, whole or in part, and what looks like a key or token:
 * STS and ECR can repeat what they were sent in an error.
 */
export function createRedactor(env: Environment): Redactor {
  const secrets: string[] = []
  const hide = (secret: string | undefined) => {
    if (secret !== undefined && secret.length >= MIN_SECRET_CHARACTERS) secrets.push(secret)
  }
  for (const name of SECRET_VARIABLES) hide(env[name])
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) hide(findPassword(env[name]))
  const isSecret = (run: string) =>
    RANDOM.test(run) || JWT.test(run) || secrets.some((secret) => holdsPart(run, secret))
  return {
    hide,
    redact(text) {
      const withoutWhole = secrets.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text)
      return withoutWhole.replaceAll(RUNS, (run) =>
        (
          run.startsWith('arn:')
            ? secrets.some((secret) => holdsPart(run, secret)) || JWT.test(run)
            : isSecret(run)
        )
          ? REDACTED
          : run,
      )
    },
  }
}

function holdsPart(run: string, secret: string): boolean {
  for (let start = 0; start + PART_CHARACTERS <= run.length; start++) {
    if (secret.includes(run.slice(start, start + PART_CHARACTERS))) return true
  }
  return false
}

function findPassword(proxy: string | undefined): string | undefined {
  return /:\/\/[^:@/]*:([^@/]+)@/.exec(proxy ?? '')?.[1]
}
