import { join } from 'node:path'

const PARTITIONS = 'node_modules/@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partitions.js'

interface PartitionsModule {
  readonly partitionsInfo: {
    readonly partitions: readonly {
      readonly id: string
      readonly regions: Readonly<Record<string, unknown>>
    }[]
  }
}

/** The partitions that the AWS SDK knows, with their regions: what it keeps for itself. Pseudo regions are left out. */
export async function readPartitions(): Promise<
  readonly { readonly id: string; readonly regions: readonly string[] }[]
> {
  const path = join(import.meta.dirname, '..', '..', PARTITIONS)
  const { partitionsInfo }: PartitionsModule = await import(path)
  return partitionsInfo.partitions.map(({ id, regions }) => ({
    id,
    regions: Object.keys(regions).filter((name) => !name.endsWith('-global')),
  }))
}
