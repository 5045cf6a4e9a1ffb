/** Where a method mounts its token. */
export interface TokenMount {
  readonly volumeName: string
  /** Absolute path of the folder in the container, as written by the user: it may end with a slash. */
  readonly mountPath: string
  /** Path of the token file, relative to `mountPath`. */
  readonly tokenPath: string
}

/** What the flags fix for every pod: the defaults of an identity and the shape of an injection. */
export interface MutationSettings {
  /** Prefix of the annotations, without the slash: `eks.amazonaws.com`. */
  readonly annotationPrefix: string
  /** What a ServiceAccount gets that does not say otherwise. */
  readonly defaults: {
    readonly audience: string
    readonly tokenExpirationSeconds: number
    readonly isRegionalSts: boolean
  }
  /** Value of AWS_REGION and AWS_DEFAULT_REGION, where a container has neither; absent: they are not set. */
  readonly awsDefaultRegion: string | undefined
  /** What turns a role's name into its ARN; absent without `--compose-role-arn`. */
  readonly roleArnParts: { readonly partition: string; readonly accountId: string } | undefined
  readonly webIdentity: TokenMount
  readonly containerCredentials: TokenMount & {
    readonly audience: string
    /** Value of AWS_CONTAINER_CREDENTIALS_FULL_URI. */
    readonly fullUri: string
  }
}
