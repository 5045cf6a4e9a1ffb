// `make test-aws`: clients of AWS that are not ours, and an AWS that is not. A machine without Python is told so in one line each, and that is no failure.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { providePythonEnvironment } from './python-environment.ts'

/** What runs with which Python environment, and the variable by which it learns of it. */
const SUITES = [
  {
    environment: 'boto3',
    files: ['boto3/roles-anywhere.ts', 'boto3/roles-anywhere-setup.ts'],
    tell: (binFolder: string) => ({ PYTHON_WITH_BOTO3: join(binFolder, 'python') }),
  },
  {
    environment: 'moto',
    files: ['moto/oidc-publish.ts', 'moto-iam/iam.ts'],
    tell: (binFolder: string) => ({ MOTO_BIN: binFolder }),
  },
] as const

const [wanted = ''] = process.argv.slice(2)
for (const { environment, files, tell } of SUITES) {
  const chosen = files.filter((file) => file.includes(wanted))
  if (chosen.length === 0) continue
  const python = providePythonEnvironment(environment)
  if ('missing' in python) {
    process.stdout.write(`not tested with ${environment}: ${python.missing}\n`)
    continue
  }
  for (const file of chosen) {
    const { status } = spawnSync(process.execPath, [join(import.meta.dirname, file)], {
      stdio: 'inherit',
      env: { ...process.env, ...tell(python.binFolder) },
    })
    if (status !== 0) process.exitCode = status ?? 1
  }
}
