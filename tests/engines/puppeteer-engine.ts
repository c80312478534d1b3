/**
 * Chromium over its DevTools protocol and Firefox over WebDriver BiDi, both by puppeteer-core.
 *
 * @module
 */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import puppeteer, { type Browser, type Page } from 'puppeteer-core'
import { chromiumArguments, findChromium, isSandboxed } from '../browser/chromium.ts'
import type { Engine, EngineProgram, Tab } from './engine.ts'

// A real browser throttles hidden pages after five minutes; here after one second.
const throttled = '--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/1'
const leftOut = [
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--disable-back-forward-cache',
]

export async function findChromiumEngine(): Promise<EngineProgram> {
  const { executablePath, env } = await findChromium()
  const launch = () =>
    puppeteer.launch({
      executablePath,
      env,
      args: [...chromiumArguments, throttled, ...(isSandboxed ? [] : ['--no-sandbox'])],
      ignoreDefaultArgs: leftOut,
    })
  return { name: 'Chromium', driver: 'DevTools protocol', open: async () => wrap(await launch(), true) }
}

export async function findFirefoxEngine(): Promise<EngineProgram | string> {
  const executablePath = process.env.FIREFOX_PATH ?? findOnPath(['firefox-esr', 'firefox'])
  if (!executablePath) return 'no firefox-esr or firefox on the PATH (Debian: apt-get install firefox-esr)'
  const launch = () =>
    puppeteer.launch({
      browser: 'firefox',
      executablePath,
      headless: true,
      extraPrefsFirefox: { 'dom.allow_scripts_to_close_windows': true },
    })
  return { name: 'Firefox', driver: 'WebDriver BiDi', open: async () => wrap(await launch(), false) }
}

/** Finds a program by one of its names. */
export function findOnPath(names: string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

async function wrap(browser: Browser, hasDevTools: boolean): Promise<Engine> {
  const version = /\d+(\.\d+)*/.exec(await browser.version())?.[0] ?? 'of unknown version'
  return {
    version,
    async newTab() {
      const page = await browser.newPage()
      return { ...toTab(page), ...(hasDevTools ? withDevTools(page) : closeByScript(page)) }
    },
    close: () => browser.close(),
  }
}

function toTab(page: Page): Tab {
  return {
    async goto(url) {
      await page.goto(url)
    },
    run: (expression) => page.evaluate(expression) as Promise<never>,
    async reload() {
      await page.reload()
    },
    async back() {
      // A page that comes out of the cache loads nothing, so there is no load to wait for.
      await page.goBack({ waitUntil: [] as never }).catch(() => page.goBack().catch(() => undefined))
    },
    close: () => page.close({ runBeforeUnload: true }),
  }
}

/** By the page itself: the driver's own close takes more pages away before they have said their last word. */
function closeByScript(page: Page): Pick<Tab, 'close'> {
  return {
    async close() {
      const closed = new Promise((resolve) => page.once('close', resolve))
      await page.evaluate('setTimeout(() => window.close()), null')
      await closed
    },
  }
}

function withDevTools(page: Page): Pick<Tab, 'hide' | 'freeze' | 'thaw'> {
  const changeState = async (state: 'frozen' | 'active') => {
    const devtools = await page.createCDPSession()
    await devtools.send('Page.setWebLifecycleState', { state })
    await devtools.detach()
  }
  return {
    async hide() {
      const devtools = await page.createCDPSession()
      const { windowId } = await devtools.send('Browser.getWindowForTarget')
      await devtools.send('Browser.setWindowBounds', { windowId, bounds: { windowState: 'minimized' } })
      await devtools.detach()
    },
    freeze: () => changeState('frozen'),
    thaw: () => changeState('active'),
  }
}
