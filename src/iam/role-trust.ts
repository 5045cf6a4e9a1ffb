import type { Issuer } from './issuer-url.ts'
import {
  createStatement,
  createTrustPolicy,
  type MergedPolicy,
  mergeStatement,
  mergeTrust,
} from './merge-trust.ts'
import type { JsonObject } from './trust-policy.ts'
import { type Account, nameProvider, type TrustRequest } from './trust-request.ts'

/** Whom a role is to trust, once the account is known. */
export interface SettledTrust {
  /** For people: completes "trust policy". */
  readonly detail: string
  /** The policy of a role that is new. */
  create(): MergedPolicy
  /** A policy that says it too. Throws an Error of one line where the text is no policy. */
  merge(text: string): MergedPolicy
}

/** Whom a role is to trust. */
export type RoleTrust = (account: Account) => SettledTrust

/** ServiceAccounts of an issuer. */
export function trustServiceAccounts(
  issuer: Issuer,
  asked: Pick<TrustRequest, 'subjects' | 'audience' | 'isReplacing'>,
): RoleTrust {
  return (account) => {
    const request = { ...asked, hostPath: issuer.hostPath, providerArn: nameProvider(account, issuer) }
    const { subjects, isReplacing, providerArn } = request
    return {
      detail: `${isReplacing ? 'set to' : 'extended by'} ${subjects.join(', ')} of ${providerArn}`,
      create: () => createTrustPolicy(request),
      merge: (text) => mergeTrust(text, request),
    }
  }
}

/** Whom one statement names, beside all that others name. `detail` is for people: certificates of a trust anchor. */
export function trustStatement(
  statement: JsonObject,
  { detail, warnings }: { readonly detail: string; readonly warnings: readonly string[] },
): RoleTrust {
  return () => ({
    detail: `extended by ${detail}`,
    create: () => ({ ...createStatement(statement), warnings }),
    merge: (text) => ({ ...mergeStatement(text, statement), warnings }),
  })
}
