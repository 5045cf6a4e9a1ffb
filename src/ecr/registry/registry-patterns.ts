/** A kind of ECR registry, the pattern of matchImages for all of its images, and a host of that kind. */
export interface RegistryPattern {
  readonly pattern: string
  readonly meaning: string
  readonly exampleHost: string
}

/** The patterns for all of ECR: partitions, FIPS, dual stack, and ECR Public. */
export const REGISTRY_PATTERNS: readonly RegistryPattern[] = [
  describeHost('dkr.ecr', 'amazonaws.com', 'the commercial and GovCloud partitions', 'eu-west-1'),
  describeHost('dkr.ecr-fips', 'amazonaws.com', 'the same by FIPS endpoints', 'us-gov-west-1'),
  describeHost('dkr-ecr', 'on.aws', 'the same by IPv4 and IPv6', 'eu-west-1'),
  describeHost('dkr-ecr-fips', 'on.aws', 'the same by FIPS, IPv4 and IPv6', 'us-east-1'),
  describeHost('dkr.ecr', 'amazonaws.com.cn', 'China', 'cn-north-1'),
  describeHost('dkr-ecr', 'on.amazonwebservices.com.cn', 'China by IPv4 and IPv6', 'cn-north-1'),
  describeHost('dkr.ecr', 'amazonaws.eu', 'the European Sovereign Cloud', 'eusc-de-east-1'),
  describeHost('dkr.ecr', 'c2s.ic.gov', 'aws-iso', 'us-iso-east-1'),
  describeHost('dkr.ecr', 'sc2s.sgov.gov', 'aws-iso-b', 'us-isob-east-1'),
  describeHost('dkr.ecr', 'cloud.adc-e.uk', 'aws-iso-e', 'eu-isoe-west-1'),
  describeHost('dkr.ecr', 'csp.hci.ic.gov', 'aws-iso-f', 'us-isof-south-1'),
  { pattern: 'public.ecr.aws', meaning: 'ECR Public', exampleHost: 'public.ecr.aws' },
  {
    pattern: 'ecr-public.aws.com',
    meaning: 'ECR Public by IPv4 and IPv6',
    exampleHost: 'ecr-public.aws.com',
  },
]

function describeHost(service: string, suffix: string, meaning: string, region: string): RegistryPattern {
  return {
    pattern: `*.${service}.*.${suffix}`,
    meaning,
    exampleHost: `123456789012.${service}.${region}.${suffix}`,
  }
}
