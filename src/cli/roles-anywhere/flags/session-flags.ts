import type { FlagGroup } from '../../engine/flag-table.ts'

/** Which session is wanted. ARNs are checked where they are used, as those of the SDK's provider are. */
export const SESSION_FLAGS = {
  title: 'Session',
  flags: {
    trustAnchorArn: {
      kind: 'string',
      name: 'trust-anchor-arn',
      placeholder: 'ARN',
      help: 'Trust anchor whose certificate authority issued the certificate.',
    },
    profileArn: {
      kind: 'string',
      name: 'profile-arn',
      placeholder: 'ARN',
      help: 'Profile that lists the role. In the region of the trust anchor.',
    },
    roleArn: { kind: 'string', name: 'role-arn', placeholder: 'ARN', help: 'Role to take.' },
    durationSeconds: {
      kind: 'integer',
      name: 'session-duration',
      placeholder: 'SECONDS',
      default: 3600,
      min: 900,
      max: 43_200,
      help: "Length of the session, up to the profile's and the role's longest.",
    },
    roleSessionName: {
      kind: 'string',
      name: 'role-session-name',
      placeholder: 'NAME',
      help: "Name of the session, where the profile accepts one. The certificate's serial number without it.",
    },
  },
} as const satisfies FlagGroup
