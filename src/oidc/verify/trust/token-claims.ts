/** A token that asks for a role, as far as trust policies can look at it. */
export interface TokenClaims {
  readonly providerArn: string
  /** Of the issuer: what the keys of conditions begin with. */
  readonly hostPath: string
  /** `system:serviceaccount:NAMESPACE:NAME`. */
  readonly subject: string
  readonly audience: string
}
