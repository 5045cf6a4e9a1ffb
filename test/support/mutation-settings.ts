import type { MutationSettings } from '../../src/webhook/identity/settings.ts'

/** The settings that the flags' defaults make. */
export const DEFAULT_SETTINGS: MutationSettings = {
  annotationPrefix: 'eks.amazonaws.com',
  defaults: { audience: 'sts.amazonaws.com', tokenExpirationSeconds: 86_400, isRegionalSts: false },
  awsDefaultRegion: undefined,
  roleArnParts: undefined,
  webIdentity: {
    volumeName: 'aws-iam-token',
    mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount',
    tokenPath: 'token',
  },
  containerCredentials: {
    volumeName: 'eks-pod-identity-token',
    mountPath: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount',
    tokenPath: 'eks-pod-identity-token',
    audience: 'pods.eks.amazonaws.com',
    fullUri: 'http://169.254.170.23/v1/credentials',
  },
}

export const ROLE_ARN = 'arn:aws:iam::111122223333:role/s3-reader'
