import { lstat, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { copyDeploy, findKind, render, skip } from './rendered-deploy.ts'

t.test('deploy/auth.yaml is base/auth.yaml', async (t) => {
  t.equal(await readlink('deploy/auth.yaml'), 'base/auth.yaml')
})

t.test('an edited deploy/auth.yaml is deployed, as a link or as a file', { skip }, async (t) => {
  const annotation = 'eks.amazonaws.com/role-arn: arn:aws:iam::111122223333:role/s3-reader'
  const findAnnotations = async (deployFolder: string) =>
    findKind(await render({ deployFolder }), 'ServiceAccount').metadata.annotations
  const edit = (text: string) => text.replace(/^ {2}name: /m, `  annotations:\n    ${annotation}\n  name: `)
  const expected = parse(annotation)

  const linked = await copyDeploy(t)
  await writeFile(join(linked, 'auth.yaml'), edit(await readFile(join(linked, 'auth.yaml'), 'utf8')))
  t.ok((await lstat(join(linked, 'auth.yaml'))).isSymbolicLink())
  t.strictSame(await findAnnotations(linked), expected)

  const replaced = await copyDeploy(t)
  const text = edit(await readFile(join(replaced, 'auth.yaml'), 'utf8'))
  await rm(join(replaced, 'auth.yaml'))
  await writeFile(join(replaced, 'auth.yaml'), text)
  t.strictSame(await findAnnotations(replaced), expected)

  const withoutLinks = await copyDeploy(t)
  await rm(join(withoutLinks, 'auth.yaml'))
  await writeFile(join(withoutLinks, 'auth.yaml'), 'base/auth.yaml')
  t.equal(await findAnnotations(withoutLinks), undefined)
})
