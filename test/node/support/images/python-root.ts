import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, globSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import { addTemporaryFolder } from '../../../../scripts/oci/node-root.ts'
import { copyIntoRoot, listSharedLibraries } from '../../../../scripts/oci/shared-libraries.ts'

/** What boto3 and the AWS CLI are, and what they import. */
const PACKAGES =
  'boto3 botocore s3transfer jmespath dateutil six.py urllib3 awscli colorama docutils pyasn1 rsa yaml _yaml'

/** Left out of an image that only talks to STS: it would take ten times as long to make. */
const UNUSED = /\/(?:__pycache__|test|tests|idlelib|tkinter|lib2to3|ensurepip|config-[^/]+|examples|topics)$/
const UNUSED_SERVICE = /botocore\/data\/(?!sts$)[^/.]+$/

/** What Python looks for its library in. */
export const PYTHON_HOME = '/usr/local'

/** Lays out Python with boto3 and the AWS CLI as they come from PyPI. `binFolder` is that of an environment that has them. */
export function layOutPython(root: string, binFolder: string): void {
  const ask = `import os, sys, sysconfig; print(os.path.realpath(sys.executable), sysconfig.get_paths()['stdlib'], sysconfig.get_paths()['purelib'])`
  const output = execFileSync(join(binFolder, 'python'), ['-c', ask], { encoding: 'utf8' })
  const [program = '', library = '', sitePackages = ''] = output.trim().split(' ')
  const home = join(root, PYTHON_HOME)
  const isUsed = (path: string) =>
    !UNUSED.test(path) && !UNUSED_SERVICE.test(path.split(sep).join('/')) && !path.endsWith('.a')
  const target = join(home, 'lib', basename(library))
  cpSync(library, target, {
    recursive: true,
    dereference: true,
    filter: (path) => isUsed(path) && !/^(?:site|dist)-packages/.test(relative(library, path)),
  })
  for (const name of PACKAGES.split(' ')) {
    const options = { recursive: true, filter: isUsed }
    cpSync(join(sitePackages, name), join(target, 'site-packages', name), options)
  }
  // The CLI starts only where it finds the names of services that it renames; what they are it reads later.
  for (const path of globSync('awscli/botocore/data/*/*/service-2.json', { cwd: sitePackages })) {
    const model = join(target, 'site-packages', path)
    if (existsSync(model)) continue
    mkdirSync(dirname(model), { recursive: true })
    writeFileSync(model, '{}')
  }
  mkdirSync(join(home, 'bin'), { recursive: true })
  copyFileSync(program, join(home, 'bin/python3'))
  addTemporaryFolder(root)
  const extensions = globSync('lib-dynload/*.so', { cwd: target }).map((path) => join(target, path))
  copyIntoRoot(root, listSharedLibraries([program, ...extensions]))
}
