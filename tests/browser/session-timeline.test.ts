import { mkdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addUser } from '../../apps/api/test/harness.ts'
import { openSession } from '../../apps/api/test/play.ts'
import { type DashboardStack, type Person, startDashboardStack, watchComplaints } from './dashboard-stack.ts'

const axeScript = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
/** Give a folder to look at the pages: `SCREENSHOTS=folder npx vitest run --project browser session-timeline`. */
const screenshots = process.env.SCREENSHOTS

let stack: DashboardStack
let owner: Person
let operator: Person
let providerId: string
let sessionId: string

beforeAll(async () => {
  stack = await startDashboardStack()
  owner = await stack.register('lise@example.com')
  operator = await stack.register('operator@example.com', { isOperator: true })
  const provider = await stack.call<{ id: string }>('POST', '/providers', {
    token: owner.accessToken,
    body: {
      name: 'Fokus',
      description: 'One thing at a time.',
      category: 'productivity',
      launchUrl: `${stack.appUrl}/`,
      allowedOrigins: [stack.appUrl],
      tokensPerMinute: 4,
    },
  })
  providerId = provider.id
  await stack.call('POST', `/providers/${providerId}/approve`, { token: operator.accessToken })
  sessionId = await playDisputed()
})
afterAll(() => stack?.close())

/** A session to ask about: ordinary use, a pause, another browser in the middle, and time that was not confirmed. */
async function playDisputed(): Promise<string> {
  const { api } = stack
  // In the past, so that the tokens of those who look are still good.
  api.clock.advance({ hours: -1 })
  const user = await addUser(api, { tokens: 10_000 })
  const play = await openSession({ api, user, providerId }, { minutes: 60 })
  await play.use(300)
  await play.call('pause')
  api.clock.advance({ minutes: 2 })
  await play.call('resume')
  await play.use(120)
  api.clock.advance({ seconds: 30 })
  play.sequence += 1
  await api.call('POST', `/api/v1/sessions/${play.sessionId}/heartbeat`, {
    token: play.sessionJwt,
    headers: { 'user-agent': 'Another browser' },
    body: { clientId: play.clientId, sequence: play.sequence },
  })
  await play.beat({ afterSeconds: 120, activeMs: 35_000 })
  await play.use(150)
  await play.beat({ afterSeconds: 12, final: true })
  api.clock.advance({ seconds: 9 })
  await play.call('complete')
  api.clock.advance({ ms: Date.now() - api.clock.now().getTime() })
  return play.sessionId
}

async function look(page: Page, name: string): Promise<void> {
  await page.evaluate(await readFile(axeScript, 'utf8'))
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    const violations = await page.evaluate(
      'axe.run(document, { resultTypes: ["violations"] }).then((results) => results.violations.map(({ id, nodes }) => id + nodes.map(({ html }) => html).join()))',
    )
    expect([name, colorScheme, violations]).toEqual([name, colorScheme, []])
    if (!screenshots) continue
    await mkdir(screenshots, { recursive: true })
    await page.screenshot({ path: join(screenshots, `${name}-${colorScheme}.png`), fullPage: true })
  }
}

// Whole, because the clock of the day may say 02:11:25 in the same line.
const duration = (row: Locator, text: string) => row.getByText(text, { exact: true })
const rows = (page: Page) => page.getByRole('table', { name: 'Timeline' }).getByRole('row')

test('a provider finds a session, opens its timeline, sees what is marked and then every beat', async () => {
  const context = await stack.newContext({ person: owner, width: 1280 })
  const complaints = watchComplaints(context)
  const page = await context.newPage()
  await page.goto(`${stack.url}/dashboard/providers/${providerId}/sessions`)
  const box = page.getByLabel('Find a session by its id')
  await box.fill('the one of yesterday')
  await page.getByRole('button', { name: 'Open its timeline' }).click()
  await page.getByText('An id is ses_ and 26 characters').waitFor()
  // As it is pasted: within an address.
  await box.fill(`https://marketplace.example/?session=${sessionId}&reason=completed`)
  await box.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Session' }).waitFor()

  const marked = page.getByRole('region', { name: 'Marked in it' })
  await marked.getByText('Browser changed', { exact: true }).waitFor()
  await marked.getByText('Served, not billed', { exact: true }).waitFor()
  await duration(rows(page).filter({ hasText: '10 beats' }), '5:00')
    .first()
    .waitFor()
  await rows(page).filter({ hasText: 'Paused' }).first().waitFor()
  const unbilled = rows(page).filter({ hasText: 'Served, not billed' })
  await duration(unbilled, '0:35').waitFor()
  await duration(unbilled, '1:25').waitFor()
  await look(page, 'timeline')

  const gathered = await rows(page).count()
  await page.getByLabel('Which lines').selectOption('Every beat')
  await rows(page).filter({ hasText: 'Beat 10' }).first().waitFor()
  expect(await rows(page).count()).toBeGreaterThan(gathered + 10)
  await page.getByLabel('Which lines').selectOption('Only what is marked')
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 3)
  await page.reload()
  await rows(page).first().waitFor()
  expect(await page.locator('tbody tr').count()).toBe(3)

  // The list leads there, too.
  await page.getByRole('link', { name: 'Sessions' }).last().click()
  await page.getByRole('link', { name: `…${sessionId.slice(-6)}` }).click()
  await marked.waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

test('on a phone the timeline fits, each line a card', async () => {
  const context = await stack.newContext({ person: owner, width: 360 })
  const page = await context.newPage()
  await page.goto(`${stack.url}/dashboard/providers/${providerId}/sessions/${sessionId}`)
  await rows(page).first().waitFor()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
  await look(page, 'timeline-phone')
  await page.goto(`${stack.url}/dashboard/providers/${providerId}/sessions`)
  await page.getByLabel('Find a session by its id').waitFor()
  await page.locator('tbody tr').first().waitFor()
  await look(page, 'sessions-phone')
  await context.close()
})

test('an operator who looks up a session sees the same, and a session that is not there is told', async () => {
  const context = await stack.newContext({ person: operator, width: 1280 })
  const page = await context.newPage()
  await page.goto(`${stack.url}/dashboard/operator/search?q=${sessionId}`)
  const marked = page.getByRole('region', { name: 'Marked in it' })
  await marked.getByText('Browser changed', { exact: true }).waitFor()
  await rows(page).filter({ hasText: '10 beats' }).first().waitFor()
  await look(page, 'operator-session')
  await context.close()
  const theirs = await stack.newContext({ person: owner, width: 1280 })
  const missing = await theirs.newPage()
  await missing.goto(`${stack.url}/dashboard/providers/${providerId}/sessions/ses_00000000000000000000000000`)
  await missing.getByRole('alert').waitFor()
  await theirs.close()
})
