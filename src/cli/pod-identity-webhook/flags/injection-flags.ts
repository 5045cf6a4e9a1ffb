import { MAX_TOKEN_EXPIRATION_SECONDS } from '../../../webhook/identity/annotations.ts'
import type { FlagGroup } from '../../engine/flag-table.ts'
import {
  AWS_ACCOUNT_ID,
  AWS_PARTITION,
  DNS_LABEL,
  DNS_SUBDOMAIN,
  HTTP_URL,
  MOUNT_PATH,
  RELATIVE_PATH,
} from './text-rules.ts'

/** What pods get, for `serve` and `inject` alike. */
export const INJECTION_FLAGS = {
  title: 'Injection',
  flags: {
    annotationPrefix: {
      kind: 'string',
      name: 'annotation-prefix',
      placeholder: 'PREFIX',
      default: 'eks.amazonaws.com',
      accepts: DNS_SUBDOMAIN,
      help: 'Prefix of the annotations of ServiceAccounts and pods, without the slash.',
    },
    tokenAudience: {
      kind: 'string',
      name: 'token-audience',
      placeholder: 'AUDIENCE',
      default: 'sts.amazonaws.com',
      help: 'Audience of tokens, where the ServiceAccount is not annotated with one.',
    },
    tokenExpirationSeconds: {
      kind: 'integer',
      name: 'token-expiration',
      placeholder: 'SECONDS',
      default: 86400,
      max: MAX_TOKEN_EXPIRATION_SECONDS,
      help: 'Lifetime of tokens in seconds, where no annotation says otherwise. Less than 600 becomes 600.',
    },
    tokenMountPath: {
      kind: 'string',
      name: 'token-mount-path',
      placeholder: 'PATH',
      default: '/var/run/secrets/eks.amazonaws.com/serviceaccount',
      accepts: MOUNT_PATH,
      help: 'Where containers find the token.',
    },
    awsDefaultRegion: {
      kind: 'string',
      name: 'aws-default-region',
      placeholder: 'REGION',
      help: 'Value of AWS_REGION and AWS_DEFAULT_REGION in containers that have neither. Without it they are not set.',
    },
    isRegionalSts: {
      kind: 'boolean',
      name: 'sts-regional-endpoint',
      help: 'Set AWS_STS_REGIONAL_ENDPOINTS=regional, where the ServiceAccount is not annotated otherwise.',
    },
    containerCredentialsAudience: {
      kind: 'string',
      name: 'container-credentials-audience',
      placeholder: 'AUDIENCE',
      default: 'pods.eks.amazonaws.com',
      help: 'Audience of tokens for container credentials.',
    },
    containerCredentialsMountPath: {
      kind: 'string',
      name: 'container-credentials-token-mount-path',
      placeholder: 'PATH',
      default: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount',
      accepts: MOUNT_PATH,
      help: 'Where containers find the token for container credentials.',
    },
    containerCredentialsVolumeName: {
      kind: 'string',
      name: 'container-credentials-token-volume-name',
      placeholder: 'NAME',
      default: 'eks-pod-identity-token',
      accepts: DNS_LABEL,
      help: 'Name of the volume with the token for container credentials.',
    },
    containerCredentialsTokenPath: {
      kind: 'string',
      name: 'container-credentials-token-path',
      placeholder: 'PATH',
      default: 'eks-pod-identity-token',
      accepts: RELATIVE_PATH,
      help: 'File of the token for container credentials in its volume.',
    },
    containerCredentialsFullUri: {
      kind: 'string',
      name: 'container-credentials-full-uri',
      placeholder: 'URL',
      default: 'http://169.254.170.23/v1/credentials',
      accepts: HTTP_URL,
      help: 'Value of AWS_CONTAINER_CREDENTIALS_FULL_URI.',
    },
    isRoleArnComposed: {
      kind: 'boolean',
      name: 'compose-role-arn',
      help: 'Accept a role given as name or path/name, and build its ARN with --aws-account-id and --aws-partition.',
    },
    awsAccountId: {
      kind: 'string',
      name: 'aws-account-id',
      placeholder: 'ID',
      accepts: AWS_ACCOUNT_ID,
      help: 'Account for --compose-role-arn. Without it, EC2 instance metadata is asked.',
    },
    awsPartition: {
      kind: 'string',
      name: 'aws-partition',
      placeholder: 'PARTITION',
      accepts: AWS_PARTITION,
      help: 'Partition for --compose-role-arn. Without it, EC2 instance metadata is asked.',
    },
  },
} as const satisfies FlagGroup
