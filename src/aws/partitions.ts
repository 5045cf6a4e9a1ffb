/** The names under which a partition's services are reached. */
export interface Partition {
  readonly dnsSuffix: string
  /** Of endpoints that answer on IPv4 and IPv6. */
  readonly dualStackDnsSuffix: string
}

/** AWS's partitions, from the endpoint rules that the AWS SDKs share (partitions.json). */
const PARTITIONS: Readonly<Record<string, Partition>> = {
  aws: { dnsSuffix: 'amazonaws.com', dualStackDnsSuffix: 'api.aws' },
  'aws-cn': { dnsSuffix: 'amazonaws.com.cn', dualStackDnsSuffix: 'api.amazonwebservices.com.cn' },
  'aws-us-gov': { dnsSuffix: 'amazonaws.com', dualStackDnsSuffix: 'api.aws' },
  'aws-eusc': { dnsSuffix: 'amazonaws.eu', dualStackDnsSuffix: 'api.amazonwebservices.eu' },
  'aws-iso': { dnsSuffix: 'c2s.ic.gov', dualStackDnsSuffix: 'api.aws.ic.gov' },
  'aws-iso-b': { dnsSuffix: 'sc2s.sgov.gov', dualStackDnsSuffix: 'api.aws.scloud' },
  'aws-iso-e': { dnsSuffix: 'cloud.adc-e.uk', dualStackDnsSuffix: 'api.cloud-aws.adc-e.uk' },
  'aws-iso-f': { dnsSuffix: 'csp.hci.ic.gov', dualStackDnsSuffix: 'api.aws.hci.ic.gov' },
}

/** How the regions of the partitions begin, except those of `aws`. */
const REGION_PREFIXES: readonly (readonly [prefix: string, partition: string])[] = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['eusc-', 'aws-eusc'],
  ['us-iso-', 'aws-iso'],
  ['us-isob-', 'aws-iso-b'],
  ['eu-isoe-', 'aws-iso-e'],
  ['us-isof-', 'aws-iso-f'],
]

/** The partition by its name; `undefined` where there is none of that name. */
export function findPartition(name: string): Partition | undefined {
  return Object.hasOwn(PARTITIONS, name) ? PARTITIONS[name] : undefined
}

/** The name of the partition that a region is in; `aws` for regions that are not known. */
export function partitionOfRegion(region: string): string {
  return REGION_PREFIXES.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'aws'
}
