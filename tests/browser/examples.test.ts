import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createApp } from '../../examples/provider-server/app.ts'
import { launchChromium } from './chromium.ts'
import { type Example, launchInto, listExample, passTime, startBuiltExample } from './provider-stack.ts'
import { type Stack, startStack } from './stack.ts'

const CODE_LINES_MAX = 150
const examples = join(import.meta.dirname, '../../examples')
const code = /\.(ts|tsx|js|jsx|vue|html)$/

let stack: Stack
let browser: Browser
const contexts: BrowserContext[] = []

beforeAll(async () => {
  ;[stack, browser] = await Promise.all([startStack(), launchChromium()])
})
afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()))
})
afterAll(async () => {
  await browser?.close()
  await stack?.close()
})

async function newPage(): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ locale: 'en-US', permissions: ['clipboard-write'] })
  context.setDefaultTimeout(15_000)
  contexts.push(context)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    const isOurs = message.type() === 'error' || message.type() === 'warning'
    if (isOurs && !message.text().startsWith('Failed to load resource')) complaints.push(message.text())
  })
  return { page, complaints }
}

function listCode(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (['node_modules', 'dist'].includes(entry.name)) return []
    const path = join(folder, entry.name)
    return entry.isDirectory() ? listCode(path) : code.test(entry.name) ? [path] : []
  })
}

test.each(['react', 'vue', 'server', 'react-native'])('provider-%s is under 150 lines of code', (name) => {
  const lines = listCode(join(examples, `provider-${name}`)).flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== ''),
  )
  expect(lines.length).toBeLessThan(CODE_LINES_MAX)
})

describe('React', () => {
  let app: Example
  beforeAll(async () => {
    app = await startBuiltExample(stack, 'provider-react')
  })
  afterAll(() => app?.close())

  test('shows the tool while time runs, hides it in a pause, charges what was used', async () => {
    const { page, complaints } = await newPage()
    const session = await launchInto(stack, page, { providerId: app.providerId, minutes: 30, tokens: 200 })
    await page
      .getByRole('button', { name: /^Copy oklch/ })
      .first()
      .waitFor()
    expect(page.url()).toBe(`${app.appUrl}/`)
    await expect.poll(() => page.locator('.left').textContent()).toMatch(/(30:00|29:5\d) left/)

    await page.getByRole('button', { name: 'Opposites' }).click()
    expect(await page.locator('.ramp').count()).toBe(2)
    await page
      .getByRole('button', { name: /^Copy oklch/ })
      .first()
      .click()
    await page.getByText(/^Copied oklch/).waitFor()

    await passTime(stack, page, { seconds: 80 })
    await page.getByRole('group', { name: 'Your session' }).getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('dialog').getByText('Paused').waitFor()
    expect(await page.locator('.palette').count()).toBe(0)
    stack.api.clock.advance({ minutes: 5 })
    await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click()
    await page.locator('.palette').waitFor()

    await page.getByRole('button', { name: 'Finish' }).click()
    await page.waitForURL(`${stack.marketplaceUrl}/**`)
    expect(await session.read()).toMatchObject({ endReason: 'completed', usedMs: 80_000, tokensCharged: 8 })
    expect(complaints).toEqual([])
  })

  test('what could not be copied is not called copied', async () => {
    const { page, complaints } = await newPage()
    await launchInto(stack, page, { providerId: app.providerId, minutes: 10, tokens: 100 })
    const first = page.getByRole('button', { name: /^Copy oklch/ }).first()
    await first.waitFor()
    await page.evaluate('navigator.clipboard.writeText = () => Promise.reject(new Error("refused"))')
    await first.click()
    await page.getByText('could not be copied').waitFor()
    expect(await page.getByText(/^Copied/).count()).toBe(0)
    expect(complaints).toEqual([])
  })

  test('a reload keeps the session', async () => {
    const { page } = await newPage()
    const session = await launchInto(stack, page, { providerId: app.providerId, minutes: 10, tokens: 100 })
    await page.locator('.palette').waitFor()
    await page.reload()
    await page.locator('.palette').waitFor()
    expect(await session.read()).toMatchObject({ status: 'active' })
  })

  test('a visitor without a session is told where to get one', async () => {
    const { page } = await newPage()
    await page.goto(app.appUrl)
    await page.getByRole('heading', { name: 'A session opens this app' }).waitFor()
    expect(await page.locator('.palette').count()).toBe(0)
    expect(await page.locator('main a').getAttribute('href')).toBe(stack.marketplaceUrl)
  })
})

describe('Vue', () => {
  let app: Example
  beforeAll(async () => {
    app = await startBuiltExample(stack, 'provider-vue')
  })
  afterAll(() => app?.close())

  test('the text survives a pause and the end; the time used is charged', async () => {
    const { page, complaints } = await newPage()
    const first = await launchInto(stack, page, { providerId: app.providerId, minutes: 30, tokens: 200 })
    await page.getByLabel('Text').fill('The sea was calm and so was she.')
    expect(await page.locator('#words').textContent()).toBe('8 words')
    expect(page.url()).toBe(`${app.appUrl}/`)

    await passTime(stack, page, { seconds: 120 })
    await page.getByRole('group', { name: 'Your session' }).getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('dialog').getByText('Paused').waitFor()
    expect(await page.getByLabel('Text').count()).toBe(0)
    await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click()
    expect(await page.getByLabel('Text').inputValue()).toBe('The sea was calm and so was she.')

    await page.getByRole('button', { name: 'Finish' }).click()
    await page.waitForURL(`${stack.marketplaceUrl}/**`)
    expect(await first.read()).toMatchObject({ endReason: 'completed', usedMs: 120_000, tokensCharged: 4 })

    await launchInto(stack, page, { providerId: app.providerId, minutes: 10, tokens: 100 })
    expect(await page.getByLabel('Text').inputValue()).toBe('The sea was calm and so was she.')
    expect(complaints).toEqual([])
  })

  test('a visitor without a session is told where to get one', async () => {
    const { page } = await newPage()
    await page.goto(app.appUrl)
    await page.getByRole('heading', { name: 'A session opens this app' }).waitFor()
    expect(await page.getByLabel('Text').count()).toBe(0)
  })
})

describe('a gate on the server', () => {
  let app: { providerId: string; appUrl: string }
  let server: ReturnType<typeof serve>
  beforeAll(async () => {
    const listed = await listExample(stack, 'provider-server')
    app = listed
    const { apiUrl, marketplaceUrl } = stack
    const now = () => stack.api.clock.now().getTime()
    const { fetch } = createApp({ apiUrl, marketplaceUrl, providerId: listed.providerId, now })
    await new Promise<void>((resolve) => {
      server = serve({ fetch, port: listed.port, hostname: '127.0.0.1' }, () => resolve())
    })
  })
  afterAll(() => new Promise((resolve) => server?.close(resolve)))

  const credentialOf = (page: Page) =>
    page.evaluate('TokenMarketplace.session.getSessionJwt()') as Promise<string>
  const askFor = async (credential?: string) => {
    const headers = credential === undefined ? {} : { authorization: `Bearer ${credential}` }
    const response = await fetch(`${app.appUrl}/drawings/7`, { headers })
    const text = await response.text()
    return { status: response.status, text }
  }

  test('draws for a session that runs, and for nobody else', async () => {
    const { page, complaints } = await newPage()
    await launchInto(stack, page, { providerId: app.providerId, minutes: 30, tokens: 300 })
    await page.getByText(/^Hills no\. \d+/).waitFor()
    await page.waitForFunction('document.getElementById("drawing").naturalWidth > 0')
    const credential = await credentialOf(page)
    expect(await askFor(credential)).toMatchObject({ status: 200, text: expect.stringContaining('<svg') })

    expect(await askFor()).toMatchObject({
      status: 401,
      text: expect.stringContaining('session_jwt_missing'),
    })
    const [head, claims, signature] = credential.split('.') as [string, string, string]
    const forged = { ...JSON.parse(atob(claims)), sub: 'somebody else' }
    expect(await askFor(`${head}.${btoa(JSON.stringify(forged))}.${signature}`)).toMatchObject({
      status: 401,
    })
    const other = await stack.newVisitor()
    expect(await askFor(other.accessToken)).toMatchObject({ status: 401 })
    expect(complaints).toEqual([])
  })

  test('draws again after a reload, which knows its session before the page listens', async () => {
    const { page } = await newPage()
    await launchInto(stack, page, { providerId: app.providerId, minutes: 30, tokens: 300 })
    await page.getByText(/^Hills no\. \d+/).waitFor()
    await page.reload()
    await page.getByText(/^Hills no\. \d+/).waitFor()
  })

  test('says that it does not answer', async () => {
    const { page, complaints } = await newPage()
    await launchInto(stack, page, { providerId: app.providerId, minutes: 30, tokens: 300 })
    await page.getByText(/^Hills no\. \d+/).waitFor()
    await page.route('**/drawings/*', (route) => route.abort())
    await page.getByRole('button', { name: 'Other hills' }).click()
    await page.getByText('The server does not answer.').waitFor()
    expect(await page.locator('#drawing').isVisible()).toBe(false)
    expect(complaints).toEqual([])
  })

  test('stops with the lease when no beat comes, whatever the page claims', async () => {
    const { page } = await newPage()
    await launchInto(stack, page, { providerId: app.providerId, minutes: 30, tokens: 300 })
    await page.getByText(/^Hills no\. \d+/).waitFor()
    const credential = await credentialOf(page)
    // The browser is gone without a word; somebody kept its credential.
    await page.context().setOffline(true)
    stack.api.clock.advance({ seconds: 120 })
    expect(await askFor(credential)).toMatchObject({ status: 200 })
    stack.api.clock.advance({ seconds: 11 })
    expect(await askFor(credential)).toMatchObject({
      status: 402,
      text: expect.stringContaining('session_not_served'),
    })
  })

  test('stops in a pause and after the end, and says so in the page', async () => {
    const { page } = await newPage()
    await launchInto(stack, page, { providerId: app.providerId, minutes: 30, tokens: 300 })
    await page.getByText(/^Hills no\. \d+/).waitFor()
    const credential = await credentialOf(page)
    await page.locator('[data-tm-pause]').click()
    await page.getByRole('dialog').getByText('Paused').waitFor()
    stack.api.clock.advance({ seconds: 11 })
    expect(await askFor(credential)).toMatchObject({ status: 402 })
    // Somebody who edits the page gets no further than the gate.
    await page.evaluate("document.getElementById('again').dispatchEvent(new Event('click'))")
    await page.getByText('The session is paused.').waitFor()
  })
})
