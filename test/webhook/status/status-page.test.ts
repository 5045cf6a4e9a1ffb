import { writeFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import type { ReviewRecord } from '../../../src/webhook/review-recorder.ts'
import { openBrowser, withoutBrowser as skip } from '../../support/browser.ts'
import { checkPair, createTestAuthority, issueLocalPair } from '../../support/certificates.ts'
import { HOSTILE_RECORD, serveStatus } from '../../support/served-status.ts'

/** Written where it is asked for: `make screenshots`. */
const SCREENSHOT = 'docs/status-page.png'

const CART: ReviewRecord = {
  ...HOSTILE_RECORD,
  warnings: [],
  subject: { namespace: 'shop', pod: 'cart-7d4b9-x2k4q', serviceAccount: 'cart', uid: 'u', isDryRun: false },
}

async function openPage(t: Test, records: readonly ReviewRecord[], width = 1100) {
  const pair = checkPair(await issueLocalPair(await createTestAuthority()))
  const { base } = await serveStatus(t, { pair, records })
  const browser = await openBrowser(t)
  const page = await browser.newPage({ viewport: { width, height: 900 } })
  const requests: string[] = []
  const dialogs: string[] = []
  page.on('request', (request) => requests.push(request.url()))
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message())
    void dialog.dismiss()
  })
  await page.goto(base)
  return { page, base, requests, dialogs }
}

t.test('it is read and gone through by the keyboard alone', { skip }, async (t) => {
  const { page, base, requests } = await openPage(t, [CART])
  t.equal(await page.title(), 'pod-identity-webhook is ready')
  t.strictSame(await page.getByRole('heading').allTextContents(), [
    'pod-identity-webhook',
    'Watches',
    'Decisions',
    'Lookups of ServiceAccounts',
    'The last decisions',
  ])
  t.strictSame(requests, [`${base}/`], 'it asks for nothing else')
  if (process.env['WRITE_SCREENSHOTS']) await writeFile(SCREENSHOT, await page.screenshot())

  const focused: string[] = []
  for (let presses = 0; presses < 20 && !focused.includes('This page as JSON'); presses++) {
    await page.keyboard.press('Tab')
    focused.push((await page.locator(':focus').textContent()) ?? '')
  }
  t.ok(
    focused.some((text) => text.includes('cart-7d4b9-x2k4q')),
    'a wide table can be scrolled',
  )
  t.strictSame(focused.slice(-3), ['Metrics', 'Readiness', 'This page as JSON'])
  await page.keyboard.press('Enter')
  await page.waitForURL(`${base}/status.json`)
})

t.test('names that look like HTML are text', { skip }, async (t) => {
  const { page, dialogs } = await openPage(t, [HOSTILE_RECORD])
  t.match(await page.getByRole('cell').allTextContents(), /shop\/<script>alert\("1"\)<\/script>&'/)
  t.equal(await page.locator('script').count(), 0)
  t.strictSame(dialogs, [])
})

t.test('it fits a narrow window, in light and in dark', { skip }, async (t) => {
  const { page } = await openPage(t, [CART], 360)
  const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')
  t.ok(Number(overflow) <= 0, `the page itself does not scroll sideways (${overflow})`)
  const readColours = () =>
    page.evaluate(
      "[getComputedStyle(document.querySelector('.good strong')).color, getComputedStyle(document.querySelector('h2')).color].join()",
    )
  await page.emulateMedia({ colorScheme: 'light' })
  const light = await readColours()
  await page.emulateMedia({ colorScheme: 'dark' })
  t.not(await readColours(), light)
})
