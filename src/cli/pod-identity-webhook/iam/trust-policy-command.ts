import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { WrittenPolicy, WrittenPolicyRequest } from '../../../iam/write-trust-policy.ts'
import { type Command, type CommandIo, defineCommand } from '../../engine/command.ts'
import type { FlagGroup } from '../../engine/flag-table.ts'
import { UsageError } from '../../engine/usage-error.ts'
import { FILE_PATH } from '../flags/text-rules.ts'
import { ACCOUNT_FLAGS, findIssuerWarnings, readTrust, TRUST_FLAGS, writeWarnings } from './trust-flags.ts'

const POLICY_FLAGS = {
  title: 'Policy',
  flags: {
    ...ACCOUNT_FLAGS,
    mergePath: {
      kind: 'string',
      name: 'merge',
      placeholder: 'FILE',
      accepts: FILE_PATH,
      help: 'Print this policy with the trust added; - is standard input. Statements of others keep their bytes.',
    },
  },
} as const satisfies FlagGroup

/** Makes the `role trust-policy` command. */
export function createTrustPolicyCommand(
  writeTrustPolicy: (request: WrittenPolicyRequest) => Promise<WrittenPolicy>,
): Command {
  return defineCommand({
    name: 'role trust-policy',
    summary: 'Print the trust policy of a role for ServiceAccounts, offline',
    groups: { trust: TRUST_FLAGS, policy: POLICY_FLAGS },
    examples: [
      {
        purpose: 'a role for one ServiceAccount',
        line: 'pod-identity-webhook role trust-policy --issuer https://s3.eu-central-1.amazonaws.com/my-cluster-oidc --account-id 111122223333 --service-account shop/cart',
      },
      {
        purpose: 'the same role for a second cluster',
        line: "aws iam get-role --role-name cart --query Role.AssumeRolePolicyDocument | pod-identity-webhook role trust-policy --merge - --issuer https://s3.eu-central-1.amazonaws.com/other-oidc --account-id 111122223333 --service-account 'shop/*'",
      },
    ],
    async run({ trust: trustValues, policy: { accountId, partition, mergePath } }, io) {
      const { issuer, trust } = readTrust(trustValues)
      if (accountId === undefined) throw new UsageError('--account-id is needed; it takes twelve digits')
      const policyText = mergePath === undefined ? undefined : await readPolicy(mergePath, io)
      const account = { accountId, partition }
      const { text: written, warnings } = await writeTrustPolicy({ issuer, trust, account, policyText })
      writeWarnings(io, [...findIssuerWarnings(issuer), ...warnings])
      io.stdout.write(written.endsWith('\n') ? written : `${written}\n`)
      return 0
    },
  })
}

async function readPolicy(path: string, { stdin }: CommandIo): Promise<string> {
  if (path === '-') return await text(stdin)
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    throw new Error(`--merge: cannot read ${path} (${code})`, { cause: error })
  }
}
