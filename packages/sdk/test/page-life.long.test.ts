import puppeteer, { type Browser, type Page } from 'puppeteer-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chromiumArguments, findChromium, isSandboxed } from '../../../tests/browser/chromium.ts'
import { buildSdkIfOld } from '../../../tools/build-sdk.ts'
import { type PageServer, startPageServer } from './page-server.ts'

// A real browser that throttles hidden pages after one second instead of five minutes.
const throttling = '--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/1'
const leftOut = [
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
]

let browser: Browser
let world: PageServer

beforeAll(async () => {
  await buildSdkIfOld()
  world = await startPageServer()
  const { executablePath, env } = await findChromium()
  browser = await puppeteer.launch({
    executablePath,
    env,
    args: [...chromiumArguments, throttling, ...(isSandboxed ? [] : ['--no-sandbox'])],
    ignoreDefaultArgs: leftOut,
  })
})
afterAll(async () => {
  await browser?.close()
  await world?.close()
})

const beatsOf = (id: string) => world.api.requests.filter(({ path }) => path === `/sessions/${id}/heartbeat`)

async function open(): Promise<{ page: Page; id: string }> {
  // Tabs of one context are one client: those of an earlier test would beat for this one.
  const context = await browser.createBrowserContext()
  const page = await context.newPage()
  const { id, href } = world.launch({ duration: '30m' })
  world.api.sessions.get(id)!.heartbeatIntervalSeconds = 3
  await page.goto(href)
  await page.waitForFunction(() => document.documentElement.dataset.tmPhase === 'active')
  return { page, id }
}

async function openHidden(): Promise<{ page: Page; id: string }> {
  const { page, id } = await open()
  const devtools = await page.createCDPSession()
  const { windowId } = await devtools.send('Browser.getWindowForTarget')
  await devtools.send('Browser.setWindowBounds', { windowId, bounds: { windowState: 'minimized' } })
  await page.waitForFunction(() => document.hidden)
  return { page, id }
}

test('a hidden page whose timers are throttled to one a minute still beats in time', async () => {
  const { page, id } = await openHidden()
  const ticks = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const startedAt = performance.now()
        let count = 0
        const tick = () => {
          count++
          if (performance.now() - startedAt > 65_000) resolve(count)
          else setTimeout(tick, 1_000)
        }
        tick()
      }),
  )
  const gaps = beatsOf(id).map(({ at }, index, all) => at - (all[index - 1]?.at ?? at))
  // The page's own chained timer shows that the browser does throttle.
  expect(ticks).toBeLessThan(20)
  expect(Math.max(...gaps)).toBeLessThan(6_000)
  expect(world.api.sessions.get(id)?.usedMs).toBeGreaterThan(60_000)
}, 180_000)

test('a page that is left stops its time, and out of the back-forward cache it beats at once', async (context) => {
  const { page, id } = await open()
  await page.evaluate(() => {
    document.title = 'kept alive'
  })
  await page.goto(world.marketplaceUrl)
  await expect.poll(() => beatsOf(id).at(-1)?.body.final).toBe(true)
  const session = world.api.sessions.get(id)!
  expect(session.leaseEnd).toBeNull()
  const before = beatsOf(id).length
  await page.goBack()
  if ((await page.title()) !== 'kept alive') context.skip('This browser has no back-forward cache.')
  await expect.poll(() => beatsOf(id).length).toBeGreaterThan(before)
  expect(beatsOf(id)[before]?.body.sequence).toBe(Number(beatsOf(id)[before - 1]?.body.sequence) + 1)
  await expect.poll(() => session.leaseEnd).not.toBeNull()
}, 60_000)

test('a frozen page does not beat, and beats when it is thawed', async () => {
  const { page, id } = await open()
  const other = await page.browserContext().newPage()
  await other.bringToFront()
  const devtools = await page.createCDPSession()
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' })
  const before = beatsOf(id).length
  await expect.poll(() => Date.now() - beatsOf(id).at(-1)!.at, { timeout: 15_000 }).toBeGreaterThan(8_000)
  expect(beatsOf(id).length).toBeLessThanOrEqual(before + 1)
  const frozen = beatsOf(id).length
  await devtools.send('Page.setWebLifecycleState', { state: 'active' })
  await page.bringToFront()
  await expect.poll(() => beatsOf(id).length, { timeout: 5_000 }).toBeGreaterThan(frozen)
}, 60_000)
