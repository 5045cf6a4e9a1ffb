import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  type IAMClient,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam'
import { AwsCallError, callAws } from '../aws/call-failure.ts'
import type { Environment } from '../aws/endpoint.ts'
import { MADE_BLIND, type Plan, type Step } from '../aws/step.ts'
import { createIamClients, readCallerAccount } from './iam-clients.ts'
import type { MergedPolicy } from './merge-trust.ts'
import { findSizeWarning } from './policy-size.ts'
import { planPullPolicy } from './pull-policy.ts'
import type { PullSource } from './pull-source.ts'
import { findRole, listAttachedPolicies, type Role } from './role.ts'
import type { RoleTrust, SettledTrust } from './role-trust.ts'
import type { Account } from './trust-request.ts'

/** What a role is to have. */
export interface RoleOptions {
  readonly name: string
  readonly trust: RoleTrust
  /** Of managed policies. */
  readonly policyArns: readonly string[]
  readonly pullSources: readonly PullSource[]
  /** Where the role is to be, as far as it was said: what credentials say must agree, and without any it has to do. */
  readonly account: { readonly partition: string; readonly accountId: string | undefined }
  /** Whether a plan of everything will do where there are no credentials. */
  readonly isDryRun: boolean
  readonly region: string | undefined
  readonly env: Environment
}

/** A plan, and what about it people should know first, a line each. */
export interface RolePlan extends Plan {
  readonly warnings: readonly string[]
}

/**
 * Finds what the role lacks, or that there is none; reads only. Trust in others and policies of others stay. Rejects in
 * one line.
 */
export async function planRole(options: RoleOptions): Promise<RolePlan> {
  const { name, policyArns } = options
  const { iam, sts } = await createIamClients(options)
  const caller = await readCallerAccount(sts, { areCredentialsOptional: options.isDryRun })
  const account = settleAccount(caller, options)
  const trust = options.trust(account)
  const role = caller === undefined ? undefined : await findRole(iam, name)
  const attached = role === undefined ? [] : await listAttachedPolicies(iam, name)
  const arn = role?.arn ?? `arn:${account.partition}:iam::${account.accountId}:role/${name}`
  const target = { iam, name, arn }
  const merged = role === undefined ? trust.create() : mergePolicy(role, trust)
  const trustSteps = role === undefined ? [createRole(target, merged)] : updateTrust(target, merged, trust)
  const sizeWarning = merged.isChanged ? findSizeWarning(merged.text) : undefined
  return {
    steps: [
      ...trustSteps,
      ...policyArns
        .filter((policyArn) => !attached.includes(policyArn))
        .map((policyArn) => attachPolicy(target, policyArn)),
      ...(await planPullPolicy(target, { sources: options.pullSources, isNewRole: role === undefined })),
    ],
    warnings: [...merged.warnings, ...(sizeWarning === undefined ? [] : [sizeWarning])],
    preface: caller === undefined ? [MADE_BLIND] : [],
    notes: [],
    facts: { roleArn: arn },
    check: async () => {},
  }
}

interface Target {
  readonly iam: IAMClient
  readonly name: string
  readonly arn: string
}

function settleAccount(caller: Account | undefined, { account }: RoleOptions): Account {
  const { accountId = caller?.accountId, partition } = account
  if (accountId === undefined) {
    throw new Error('there are no AWS credentials to tell the account by: give --account-id, or sign in')
  }
  if (caller !== undefined && caller.accountId !== accountId) {
    throw new Error(
      `these credentials are for account ${caller.accountId}, not ${accountId} as --account-id says: check AWS_PROFILE`,
    )
  }
  return caller ?? { accountId, partition }
}

function mergePolicy(role: Role, trust: SettledTrust): MergedPolicy {
  try {
    return trust.merge(role.trustPolicy)
  } catch (error) {
    throw new Error(`${role.arn}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

function createRole({ iam, name, arn }: Target, { text }: MergedPolicy): Step {
  const call = { action: 'iam:CreateRole', resource: arn }
  return {
    action: 'create',
    resource: arn,
    detail: 'role with its trust policy',
    commands: [
      {
        args: [
          ...['aws', 'iam', 'create-role', '--role-name', name],
          ...['--assume-role-policy-document', 'file:///dev/stdin'],
        ],
        stdin: text,
      },
    ],
    async apply() {
      await callAws(call, () =>
        iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: text })),
      )
    },
  }
}

function updateTrust({ iam, name, arn }: Target, merged: MergedPolicy, trust: SettledTrust): readonly Step[] {
  if (!merged.isChanged) return []
  const call = { action: 'iam:UpdateAssumeRolePolicy', resource: arn }
  return [
    {
      action: 'update',
      resource: arn,
      detail: `trust policy ${trust.detail}`,
      commands: [
        {
          args: [
            ...['aws', 'iam', 'update-assume-role-policy', '--role-name', name],
            ...['--policy-document', 'file:///dev/stdin'],
          ],
          stdin: merged.text,
        },
      ],
      async apply() {
        // IAM has no versions of trust policies to write against: what another one wrote since the plan is read here.
        const role = await findRole(iam, name)
        if (role === undefined) throw new Error(`${arn} was deleted meanwhile; run the command again`)
        const { text, isChanged } = mergePolicy(role, trust)
        if (!isChanged) return
        await callAws(call, () =>
          iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: name, PolicyDocument: text })),
        )
      },
    },
  ]
}

function attachPolicy({ iam, name, arn }: Target, policyArn: string): Step {
  const call = { action: 'iam:AttachRolePolicy', resource: arn }
  return {
    action: 'update',
    resource: arn,
    detail: `policy ${policyArn} attached`,
    commands: [
      { args: ['aws', 'iam', 'attach-role-policy', '--role-name', name, '--policy-arn', policyArn] },
    ],
    async apply() {
      await callAws(call, () =>
        iam.send(new AttachRolePolicyCommand({ RoleName: name, PolicyArn: policyArn })),
      ).catch((error: unknown) => {
        // The role may be what is not there, deleted meanwhile.
        const isPolicyMissing =
          error instanceof AwsCallError &&
          error.code.startsWith('NoSuchEntity') &&
          /policy/i.test((error.cause as Error).message)
        if (!isPolicyMissing) throw error
        const remedy = 'create it, or correct --policy-arn, and run the command again'
        throw new Error(`there is no policy ${policyArn}, so ${arn} is without it: ${remedy}`, {
          cause: error,
        })
      })
    },
  }
}
