/** An image as kustomize's `images` takes it. */
export interface ImageReference {
  readonly newName: string
  readonly newTag?: string
  readonly digest?: string
}

/** Takes `name`, `name:tag`, `name@digest` or `name:tag@digest` apart; a port in the name is no tag. */
export function parseImageReference(image: string): ImageReference | undefined {
  const match = /^(?<name>[^\s@]+?)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>\w+:[0-9a-fA-F]{32,}))?$/.exec(
    image,
  )
  const { name, tag, digest } = match?.groups ?? {}
  if (name === undefined || name.endsWith(':') || name.endsWith('/')) return undefined
  return { newName: name, ...(tag && { newTag: tag }), ...(digest && { digest }) }
}
