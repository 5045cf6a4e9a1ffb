/** Does something while the process has this environment instead of its own `AWS_…` variables: the AWS SDK reads no other. */
export async function withEnvironment<Result>(
  env: Readonly<Record<string, string | undefined>>,
  act: () => Promise<Result>,
): Promise<Result> {
  const before = { ...process.env }
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name]
  for (const [name, value] of Object.entries(env)) if (value !== undefined) process.env[name] = value
  try {
    return await act()
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
    Object.assign(process.env, before)
  }
}
