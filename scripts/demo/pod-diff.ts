import { readFile } from 'node:fs/promises'
import { parseDocuments } from '../../src/webhook/accounts/manifests/manifest-documents.ts'
import type { AddOperation } from '../../src/webhook/injection/build-patch.ts'
import { toAddition } from '../../src/webhook/offline/additions.ts'
import { editFile } from '../../src/webhook/offline/edited-file.ts'
import { formatDiff } from '../../src/webhook/offline/text-diff.ts'
import { EXAMPLE_POD_PATH } from './example-review.ts'

/** Shows what the patch of an answer changes in the example pod, as a diff of its manifest. */
export async function formatPodDiff(answer: string, isColourWanted: boolean): Promise<string> {
  const { response } = JSON.parse(answer)
  const patch: AddOperation[] = JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString() || '[]')
  const text = await readFile(EXAMPLE_POD_PATH, 'utf8')
  const file = { name: EXAMPLE_POD_PATH, text, documents: parseDocuments(EXAMPLE_POD_PATH, text) }
  const additions = patch.map((operation) => toAddition([], operation))
  const { edits } = editFile(file, () => additions, { isYamlWanted: true })
  return formatDiff(EXAMPLE_POD_PATH, text, edits, { isColourWanted })
}
