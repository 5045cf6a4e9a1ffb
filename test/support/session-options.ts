import type { SessionOptions } from '../../src/roles-anywhere/create-session.ts'
import type { SessionRequest } from '../../src/roles-anywhere/session-target.ts'
import { PROFILE_ARN, ROLE_ARN, TRUST_ANCHOR_ARN } from './roles-anywhere-server.ts'

/** A request for a session as the test server gives it. */
export const SESSION_REQUEST: SessionRequest = {
  trustAnchorArn: TRUST_ANCHOR_ARN,
  profileArn: PROFILE_ARN,
  roleArn: ROLE_ARN,
  durationSeconds: 3600,
  roleSessionName: undefined,
  region: undefined,
  endpoint: undefined,
}

/** Options of a session as the test server gives it, with certificate and key in one file. */
export function buildSessionOptions(
  certificatePath: string,
  request: Partial<SessionRequest> = {},
  isTlsVerified = true,
): SessionOptions {
  return {
    request: { ...SESSION_REQUEST, ...request },
    keys: {
      certificatePath,
      privateKeyPath: undefined,
      intermediatesPath: undefined,
      keyPassword: undefined,
    },
    isTlsVerified,
    userAgent: 'roles-anywhere/test',
  }
}
