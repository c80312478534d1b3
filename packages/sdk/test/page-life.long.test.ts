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

async function openHidden(): Promise<{ page: Page; id: string }> {
  const page = await browser.newPage()
  const { id, href } = world.launch({ duration: '30m' })
  world.api.sessions.get(id)!.heartbeatIntervalSeconds = 3
  await page.goto(href)
  await page.waitForFunction(() => document.documentElement.dataset.tmPhase === 'active')
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
