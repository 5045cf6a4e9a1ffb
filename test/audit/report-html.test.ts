import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import type { Audit } from '../../src/audit/audit.ts'
import { FINDINGS, type Finding } from '../../src/audit/findings.ts'
import { renderHtml } from '../../src/audit/report-html.ts'
import { openBrowser, withoutBrowser as skip } from '../support/browser.ts'

/** Written where it is asked for: `make screenshots`. */
const SCREENSHOT = 'docs/audit-report.png'

const roleArn = (name: string) => `arn:aws:iam::123456789012:role/${name}`

const CART: Finding = {
  code: 'missed',
  namespace: 'shop',
  kind: 'Deployment',
  name: 'cart',
  serviceAccount: 'cart',
  role: roleArn('cart'),
  detail: '',
  podCount: 3,
  pods: ['cart-1', 'cart-2', 'cart-3'],
}
const ORDERS: Finding = {
  ...CART,
  code: 'stale_role',
  kind: 'StatefulSet',
  name: 'orders',
  detail: `it has ${roleArn('old-orders')}`,
  podCount: 1,
  pods: ['orders-0'],
}
const BILLING: Finding = {
  ...CART,
  code: 'unused_account',
  namespace: 'finance',
  kind: 'ServiceAccount',
  name: 'billing',
  serviceAccount: 'billing',
  role: roleArn('billing'),
  podCount: 0,
  pods: [],
}
const AUDIT: Audit = {
  findings: [CART, ORDERS, BILLING],
  podCount: 412,
  accountCount: 37,
  gaps: [],
  isCut: false,
}

/** Opens a report as a file, as whoever gets it by mail does. */
async function openReport(t: Test, audit: Audit, options: { readonly colorScheme?: 'light' | 'dark' } = {}) {
  const path = join(t.testdir(), 'audit.html')
  await writeFile(path, renderHtml(audit, { cluster: 'production', at: new Date('2026-01-02T03:04:05Z') }))
  const browser = await openBrowser(t)
  const page = await browser.newPage({ viewport: { width: 1000, height: 700 }, ...options })
  const requests: string[] = []
  const problems: string[] = []
  page.on('request', (request) => requests.push(request.url()))
  page.on('console', (message) => problems.push(message.text()))
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('dialog', (dialog) => {
    problems.push(dialog.message())
    void dialog.dismiss()
  })
  const url = pathToFileURL(path).href
  await page.goto(url)
  return {
    page,
    requests,
    problems,
    url,
    listShown: async () =>
      (await page.locator('details:visible > summary').allTextContents()).map((text) => text.trim()),
    readCount: () => page.getByRole('status').textContent(),
  }
}

t.test('filters and search leave what fits, and say how much', { skip }, async (t) => {
  const { page, requests, problems, url, listShown, readCount } = await openReport(t, AUDIT)
  t.equal(await page.title(), 'Pod identities of production')
  t.match(await page.locator('body').textContent(), /412 pods and 37 annotated ServiceAccounts/)
  t.equal((await listShown()).length, 3)

  await page.getByLabel('Namespace').selectOption('finance')
  t.strictSame(await listShown(), ['unused_account finance ServiceAccount/billing'])
  t.equal(await readCount(), '1 of 3 findings')
  await page.getByLabel('Namespace').selectOption('')
  await page.getByLabel('Finding').selectOption('stale_role')
  t.strictSame(await listShown(), ['stale_role shop StatefulSet/orders (1)'])
  await page.getByLabel('Finding').selectOption('')
  await page.locator('select[name=role]').selectOption(roleArn('cart'))
  t.equal((await listShown()).length, 2)
  await page.getByLabel('Search').fill('OLD-orders')
  t.strictSame(await listShown(), ['stale_role shop StatefulSet/orders (1)'])
  await page.getByLabel('Search').fill('nothing has this')
  t.equal(await readCount(), '0 of 3 findings')

  t.strictSame(requests, [url], 'it asks for nothing else')
  t.strictSame(problems, [])
})

t.test('by the keyboard alone, a finding opens to the sentence and the command', { skip }, async (t) => {
  const { page } = await openReport(t, AUDIT)
  const first = page.locator('details').first()
  t.equal(await first.getByText(FINDINGS.missed.sentence).isVisible(), false)
  const focusedTag = () => page.evaluate('document.activeElement.localName')
  for (let presses = 0; presses < 10 && (await focusedTag()) !== 'summary'; presses++)
    await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  t.equal(await first.getByText(FINDINGS.missed.sentence).isVisible(), true)
  t.equal(
    await first.locator('pre').textContent(),
    'kubectl --namespace=shop rollout restart deployment/cart',
  )
  if (process.env['WRITE_SCREENSHOTS']) await writeFile(SCREENSHOT, await page.screenshot())
})

t.test('Enter in the search box sends nothing', { skip }, async (t) => {
  const { page, requests, url } = await openReport(t, AUDIT)
  await page.getByLabel('Search').fill('cart')
  await page.getByLabel('Search').press('Enter')
  t.equal(page.url(), url)
  t.strictSame(requests, [url])
})

t.test('names that look like HTML are text', { skip }, async (t) => {
  const name = `</summary><img src=x onerror="alert('name')"><script>alert(1)</script>`
  const hostile: Finding = {
    ...CART,
    name,
    namespace: '"><b>team</b>',
    serviceAccount: name,
    role: `"' onmouseover=alert(2) <i>`,
    detail: '<!-- & &lt;',
    pods: ['</script><h1>pod</h1>'],
  }
  const audit = { ...AUDIT, findings: [hostile], gaps: ['<u>you may not</u> list pods'] }
  const { page, problems, requests, listShown } = await openReport(t, audit)
  t.strictSame(await listShown(), [`missed "><b>team</b> Deployment/${name} (3)`])
  t.equal(await page.locator('main img, main b, main script, main i, main h1, .gap u').count(), 0)
  await page.locator('summary').click()
  t.match(await page.locator('main').innerText(), '<!-- & &lt;')
  await page.getByLabel('Namespace').selectOption('"><b>team</b>')
  t.equal((await listShown()).length, 1)
  t.equal(requests.length, 1)
  t.strictSame(problems, [])
})

t.test('it can be read in light and in dark', { skip }, async (t) => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page } = await openReport(t, AUDIT, { colorScheme })
    for (const selector of ['h1', 'summary .missed', 'summary .wrong', 'summary .note'])
      t.ok((await readContrast(page, selector)) >= 4.5, `${selector} in ${colorScheme} (WCAG 2.2, 1.4.3)`)
  }
})

t.test('on paper every finding is open, and there are no filters', { skip }, async (t) => {
  const { page } = await openReport(t, AUDIT)
  await page.emulateMedia({ media: 'print' })
  t.equal(await page.locator('form').isVisible(), false)
  for (const { code } of AUDIT.findings)
    t.equal(await page.getByText(FINDINGS[code].sentence).first().isVisible(), true, code)
})

t.test('an audit that found nothing says so', { skip }, async (t) => {
  const { page } = await openReport(t, { ...AUDIT, findings: [], isCut: true })
  t.match(await page.locator('body').innerText(), /Nothing was found/)
  t.match(await page.locator('body').innerText(), /ended early/)
})

type Page = Awaited<ReturnType<typeof openReport>>['page']

/** The contrast of a text with the page's background, painted by the browser itself, as WCAG 2.2 defines it. */
async function readContrast(page: Page, selector: string): Promise<number> {
  return await page.evaluate<number>(
    `((selector) => {
      const element = document.querySelector(selector)
      const canvas = document.createElement('canvas')
      canvas.width = canvas.height = 1
      const context = canvas.getContext('2d')
      const luminance = (color) => {
        context.fillStyle = color
        context.fillRect(0, 0, 1, 1)
        const linear = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3).map((value) => {
          const share = value / 255
          return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
        })
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
      }
      const scheme = matchMedia('(prefers-color-scheme: dark)').matches ? '#121212' : '#ffffff'
      const [dark, light] = [luminance(getComputedStyle(element).color), luminance(scheme)].sort((a, b) => a - b)
      return (light + 0.05) / (dark + 0.05)
    })(${JSON.stringify(selector)})`,
  )
}
