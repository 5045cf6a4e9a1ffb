import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import type { Test } from 'tap'
import { isCi } from './ci.ts'

/** Where Debian's package and others put it. */
const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

const path = process.env['CHROMIUM'] ?? PATHS.find((candidate) => existsSync(candidate))

/** Why tests in a browser are left out; false where they run, as in CI, where they fail without one. */
export const withoutBrowser =
  path === undefined && !isCi ? 'Chromium is not installed: make ci-packages does that' : false

/** Opens a browser that knows nothing of whoever runs the test, and is closed at the end of it. */
export async function openBrowser(t: Test): Promise<Browser> {
  if (path === undefined) throw new Error('Chromium is not installed: run make ci-packages')
  // As root, Chromium's own sandbox does not start; only pages of ours are opened.
  const browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox'] })
  t.teardown(() => browser.close())
  return browser
}
