/** Of commands that call IAM, which is one for all regions of a partition. */
export const REGION_FLAG = {
  kind: 'string',
  name: 'region',
  help: "Any region of the partition; without it the environment's or the profile's, else one of the partition aws.",
} as const
