import type { ApiList } from './api-object.ts'

/** A page that is being read; where the list goes on is often known before the page is complete. */
interface PageReading {
  readonly continueToken: Promise<string | undefined>
  readonly page: Promise<ApiList>
}

/**
 * The pages of a list, in order. `readPage` reads the one that a continue token names, or the first, and tells the
 * beginning of its text through `onHead` as soon as that is there.
 *
 * The next page is asked for while the one before it is still coming in, so that the API server makes one while we read
 * the other: 100,000 ServiceAccounts took 0.7 s instead of 1.0 s. Two at most are under way.
 */
export async function* readPages(
  readPage: (continueToken: string | undefined, onHead: (text: string) => void) => Promise<ApiList>,
): AsyncGenerator<ApiList, void, void> {
  let reading: PageReading | undefined = startReading((onHead) => readPage(undefined, onHead))
  while (reading !== undefined) {
    const page = reading.page
    const token: string | undefined = await reading.continueToken
    reading = token === undefined ? undefined : startReading((onHead) => readPage(token, onHead))
    yield await page
  }
}

function startReading(read: (onHead: (text: string) => void) => Promise<ApiList>): PageReading {
  const { promise: continueToken, resolve, reject } = Promise.withResolvers<string | undefined>()
  const page = read((text) => {
    const token = findContinueToken(text)
    if (token !== undefined) resolve(token)
  })
  page.then(({ metadata }) => resolve(metadata?.continue || undefined), reject)
  // Whoever uses the page before may give up, and then nobody waits for this one.
  continueToken.catch(() => {})
  return { continueToken, page }
}

/** The token of a list's own metadata, which the API server writes before the first bracket, that of its items. */
function findContinueToken(text: string): string | undefined {
  return /^[^[]*?"continue":"([^"\\]+)"/.exec(text)?.[1]
}
