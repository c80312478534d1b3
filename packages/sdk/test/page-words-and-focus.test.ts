import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { launchChromium } from '../../../tests/browser/chromium.ts'
import { buildSdkIfOld } from '../../../tools/build-sdk.ts'
import { type PageServer, startPageServer } from './page-server.ts'

let browser: Browser
let context: BrowserContext
let page: Page
let world: PageServer

beforeAll(async () => {
  await buildSdkIfOld()
  browser = await launchChromium()
}, 120_000)
afterAll(() => browser?.close())

beforeEach(async () => {
  world = await startPageServer()
  world.headers = {}
  context = await browser.newContext({ reducedMotion: 'reduce' })
  page = await context.newPage()
})
afterEach(async () => {
  await context.close()
  await world.close()
})

const phase = (wanted: string) =>
  page.waitForFunction((name) => document.documentElement.dataset.tmPhase === name, wanted)

const button = (name: string) => page.locator('token-marketplace').getByRole('button', { name })

const focused = () =>
  page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.id ?? document.activeElement?.id)

test('who types on while the warning appears stays in the app, and gets back to the text', async () => {
  world.body = '<textarea id="text"></textarea>'
  await page.goto(world.launch({ duration: '10m', warningSeconds: 299 }).href)
  await phase('active')
  await page.focus('#text')
  world.api.sessions.get('ses_1')!.usedMs = 302_000
  await page.evaluate('TokenMarketplace.session.refresh()')
  await button('Add time').waitFor()
  await page.keyboard.type('a word ')
  await page.keyboard.press('Enter')
  expect(await button('Add time').isVisible()).toBe(true)
  expect(page.url()).toBe(`${world.appUrl}/`)
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await button('Continue').waitFor({ state: 'hidden' })
  expect(await focused()).toBe('text')
})

test('a dialog that a framework swept away with the page comes back, and closes the page again', async () => {
  await page.goto(world.launch({ duration: '10m', warningSeconds: 299 }).href)
  await phase('active')
  world.api.sessions.get('ses_1')!.usedMs = 302_000
  await page.evaluate('TokenMarketplace.session.refresh()')
  await button('Add time').waitFor()
  await page.evaluate(() => document.querySelector('token-marketplace')!.remove())
  await button('Add time').waitFor()
  const isModal = () =>
    page.evaluate(() =>
      document.querySelector('token-marketplace')!.shadowRoot!.querySelector('dialog:modal'),
    )
  expect(await isModal()).not.toBeNull()
})

test('the focus stays in the dialog when it tells of something else', async () => {
  world.attributes = 'data-redirect="off"'
  await page.goto(world.launch({ duration: '10m' }).href)
  await phase('active')
  await page.getByRole('button', { name: 'Pause', exact: true }).click()
  await button('End session').focus()
  await page.keyboard.press('Enter')
  await phase('ended')
  expect(await focused()).toBe('title')
})

test('who stays, asked by the app whether to leave, can go later', async () => {
  world.body = `<button data-tm-extend>Add</button><script>
    addEventListener('beforeunload', (event) => event.preventDefault())
  </script>`
  let questions = 0
  page.on('dialog', (question) => (questions++ ? question.accept() : question.dismiss()))
  await page.goto(world.launch().href)
  await phase('active')
  await page.click('[data-tm-extend]')
  await expect.poll(() => questions).toBe(1)
  expect(page.url()).toBe(`${world.appUrl}/`)
  await page.click('[data-tm-extend]')
  await page.waitForURL(`${world.marketplaceUrl}/?session=ses_1&reason=extend`)
})

test.each([
  ['de', '/sdk.min.js'],
  ['de', '/npm/@token-marketplace/sdk'],
  // As frameworks and browsers write it.
  ['de-AT', '/sdk.min.js'],
])('the first words are in the language of the tag: %s, from %s', async (language, scriptPath) => {
  world.scriptPath = scriptPath
  world.attributes = `data-language="${language}"`
  await page.goto(world.appUrl)
  const dialog = page.locator('token-marketplace').getByRole('dialog')
  await dialog.waitFor()
  expect(await dialog.textContent()).toContain('Keine Sitzung')
})

test('words that do not come do not keep the dialog away', async () => {
  world.attributes = 'data-language="de"'
  await page.route('**/languages/de.js', () => {})
  await page.goto(world.appUrl, { waitUntil: 'commit' })
  await page.getByText('Please open this app from the marketplace.').waitFor()
})

test('who listens in a script of the page hears of the session after a reload, too, and can ask it', async () => {
  const listen = `addEventListener('tm:start', () => seen.push(typeof TokenMarketplace.session.getSessionJwt()))`
  await context.addInitScript(`globalThis.seen = []; document.${listen}`)
  world.body = `<script>document.${listen}</script>`
  await page.goto(world.launch({ duration: '10m' }).href)
  await expect.poll(() => page.evaluate('seen')).toEqual(['string', 'string'])
  await page.reload()
  await expect.poll(() => page.evaluate('seen')).toEqual(['string', 'string'])
})

test('who is refused by a button stays on it, and a screen reader is told why', async () => {
  await page.goto(world.launch({ duration: '10m' }).href)
  await phase('active')
  await page.getByRole('button', { name: 'Pause', exact: true }).click()
  await button('Resume').focus()
  world.api.failWith = { status: 409, code: 'session_paused_by_user' }
  await page.keyboard.press('Enter')
  const status = page.locator('token-marketplace').getByRole('status')
  await expect.poll(() => status.textContent()).toBe('Resume this session in the marketplace.')
  const seen = () =>
    page.evaluate(() => {
      const active = document.querySelector('token-marketplace')!.shadowRoot!.activeElement
      return [active?.textContent, active?.ariaBusy]
    })
  expect(await seen()).toEqual(['Resume', null])
})

test('who stays on the page at the end is not told to be taken away', async () => {
  world.attributes = 'data-redirect="off"'
  await page.goto(world.launch({ duration: '10m' }).href)
  await phase('active')
  await page.evaluate('TokenMarketplace.session.complete(), null')
  await page.getByText('The marketplace shows what it cost.').waitFor()
})

test('a tag without its provider says that it is not set up, and one without both is only a library', async () => {
  const read = () => page.evaluate('TokenMarketplace.session?.getSnapshot().error.code')
  const serve = (attributes: string) =>
    page.route(world.appUrl, (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<!doctype html><script src="/sdk.min.js" ${attributes}></script>`,
      }),
    )
  for (const attributes of [
    `data-api-url="${world.apiUrl}"`,
    'data-provider-id=""',
    'data-provider-id="prv_1"',
  ]) {
    await serve(attributes)
    await page.goto(world.appUrl)
    expect([attributes, await read()]).toEqual([attributes, 'config_invalid'])
  }
  await serve('')
  await page.goto(world.appUrl)
  expect(await page.evaluate('TokenMarketplace.session')).toBeNull()
})

test('a page that was rendered beforehand, phase and all, is bound like any other', async () => {
  world.rootAttributes = 'data-tm-phase="failed"'
  await page.goto(world.launch({ duration: '10m' }).href)
  await phase('active')
  expect(await page.textContent('[data-tm-remaining]')).toMatch(/^(10:00|9:\d\d)$/)
})

test('a number that cannot be read is as if it were not there', async () => {
  world.attributes = 'data-warning-seconds="5m" data-pause-when-hidden=""'
  await page.goto(world.launch({ duration: '10m', warningSeconds: 299 }).href)
  await phase('active')
  world.api.sessions.get('ses_1')!.usedMs = 302_000
  await page.evaluate('TokenMarketplace.session.refresh()')
  await button('Add time').waitFor()
})

test('a sentence runs in the direction of its language, whatever the direction of the page', async () => {
  world.body = '<script>document.documentElement.dir = "rtl"</script>'
  await page.goto(world.appUrl)
  await page.getByText('Please open this app from the marketplace.').waitFor()
  const [first, last] = await page.evaluate(() => {
    const text = document.querySelector('token-marketplace')!.shadowRoot!.querySelector('p')!
      .firstChild as Text
    return [0, text.length - 1].map((at) => {
      const range = document.createRange()
      range.setStart(text, at)
      range.setEnd(text, at + 1)
      return range.getBoundingClientRect().left
    })
  })
  expect(first).toBeLessThan(last!)
})

test('the main button can be read in forced colours, which lay a plate behind its words', async () => {
  await page.emulateMedia({ forcedColors: 'active' })
  await page.goto(world.launch().href)
  await phase('active')
  await page.getByRole('button', { name: 'Pause', exact: true }).click()
  const { color, backgroundColor } = await button('Resume').evaluate((element) => {
    const { color, backgroundColor } = getComputedStyle(element)
    return { color, backgroundColor }
  })
  expect(color).toBe('rgb(0, 0, 0)')
  // Nothing of its own behind them.
  expect(backgroundColor).toMatch(/, 0\)$/)
})
