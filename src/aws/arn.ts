/** The parts of an Amazon Resource Name. */
export interface Arn {
  /** `aws`, `aws-cn`, `aws-us-gov`, … */
  readonly partition: string
  readonly service: string
  /** Empty where the resource belongs to no region, as a role does. */
  readonly region: string
  /** Twelve digits, or empty. */
  readonly accountId: string
  /** What follows the fifth colon: `role/path/name`. */
  readonly resource: string
}

const ARN =
  /^arn:(?<partition>aws(?:-[a-z0-9]+)*):(?<service>[a-z0-9-]+):(?<region>[a-z0-9-]*):(?<accountId>\d{12}|):(?<resource>\S+)$/

/** Takes an ARN apart; `undefined` where the text is none. */
export function parseArn(text: string): Arn | undefined {
  const { partition, service, region, accountId, resource } = ARN.exec(text)?.groups ?? {}
  if (partition === undefined || service === undefined || resource === undefined) return undefined
  return { partition, service, region: region ?? '', accountId: accountId ?? '', resource }
}
