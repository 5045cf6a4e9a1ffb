// `make test-aws`: clients of AWS that are not ours. A machine without Python is told so in one line, and that is no failure.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { providePython } from './boto3/python.ts'

const python = providePython()
if ('missing' in python) {
  process.stdout.write(`boto3 is not tested: ${python.missing}\n`)
} else {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, 'boto3', 'roles-anywhere.ts')], {
    stdio: 'inherit',
    env: { ...process.env, PYTHON_WITH_BOTO3: python.path },
  })
  process.exitCode = status ?? 1
}
