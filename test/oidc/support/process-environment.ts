import type { Test } from 'tap'

/** Sets variables of this process, where the AWS SDK looks for its own, until the test ends; `undefined` unsets one. */
export function setEnvironment(t: Test, variables: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name]
    assign(name, value)
    t.teardown(() => assign(name, before))
  }
}

function assign(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}
