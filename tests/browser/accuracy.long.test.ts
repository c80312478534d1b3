import { setTimeout as wait } from 'node:timers/promises'
import type { Browser, CDPSession, Page } from 'puppeteer-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LiveUse, launchLiveBrowser, type Person, startLiveUse } from './live-use.ts'

// Time that really passes is what this is about: the only tests that wait for it.
const SECOND = 1_000
/** One interval and a second: what is lost where no last beat can be sent. */
const NO_LAST_BEAT_MS = 31 * SECOND
let live: LiveUse
let browser: Browser
const outcomes = new Map<string, Promise<Outcome>>()
const table: string[] = []

beforeAll(async () => {
  live = await startLiveUse()
  browser = await launchLiveBrowser()
  // All beside one another, or it would take half an hour; opened in turn, so that none waits for the others' start.
  for (const use of uses) outcomes.set(use.name, observe(use, await live.newPerson(browser, 30)))
})
afterAll(async () => {
  process.stdout.write(`${table.join('\n')}\n`)
  await browser?.close()
  await live?.close()
})

const act = (page: Page, verb: 'pause' | 'resume' | 'complete') =>
  page.evaluate(`TokenMarketplace.session.${verb}().then(() => null)`)
const complete = ({ page }: Person) => act(page, 'complete')

async function withDevTools(page: Page, run: (devtools: CDPSession) => Promise<unknown>): Promise<void> {
  const devtools = await page.createCDPSession()
  await run(devtools)
  await devtools.detach()
}

const setFrozen = (page: Page, isFrozen: boolean) =>
  withDevTools(page, (devtools) =>
    devtools.send('Page.setWebLifecycleState', { state: isFrozen ? 'frozen' : 'active' }),
  )

interface Use {
  name: string
  live(person: Person): Promise<void>
  /** Of the clock's last word: no last beat could be sent. */
  hasNoLastBeat?: boolean
}

const uses: Use[] = [
  {
    name: 'seen all the time, ended in the app',
    async live(person) {
      await wait(200 * SECOND)
      await complete(person)
    },
  },
  {
    name: 'hidden, timers throttled to one a minute',
    async live(person) {
      await wait(10 * SECOND)
      await withDevTools(person.page, async (devtools) => {
        const { windowId } = await devtools.send('Browser.getWindowForTarget')
        await devtools.send('Browser.setWindowBounds', { windowId, bounds: { windowState: 'minimized' } })
      })
      await person.page.waitForFunction('document.hidden', { polling: 200 })
      await wait(200 * SECOND)
      await complete(person)
    },
  },
  {
    name: 'frozen for 100 s',
    async live(person) {
      await wait(40 * SECOND)
      await person.without(async () => {
        await setFrozen(person.page, true)
        await wait(100 * SECOND)
        await setFrozen(person.page, false)
      })
      await wait(70 * SECOND)
      await complete(person)
    },
  },
  {
    name: 'frozen for 160 s, longer than a lease',
    async live(person) {
      await wait(40 * SECOND)
      await person.without(async () => {
        await setFrozen(person.page, true)
        await wait(160 * SECOND)
        await setFrozen(person.page, false)
      })
      await person.page.waitForFunction('TokenMarketplace.session.getSnapshot().canServe')
      await wait(40 * SECOND)
      await complete(person)
    },
  },
  {
    name: 'offline for 70 s, within a lease',
    async live(person) {
      await wait(40 * SECOND)
      await person.page.setOfflineMode(true)
      await wait(70 * SECOND)
      await person.page.setOfflineMode(false)
      await wait(60 * SECOND)
      await complete(person)
    },
  },
  {
    name: 'offline for 180 s, longer than a lease',
    async live(person) {
      await wait(40 * SECOND)
      await person.page.setOfflineMode(true)
      await wait(180 * SECOND)
      await person.page.setOfflineMode(false)
      await person.page.waitForFunction('TokenMarketplace.session.getSnapshot().canServe')
      await wait(30 * SECOND)
      await complete(person)
    },
  },
  {
    name: 'closed by its user',
    async live(person) {
      await wait(105 * SECOND)
      await person.closePage()
      await wait(SECOND)
    },
  },
  {
    name: 'reloaded three times',
    async live(person) {
      for (let i = 0; i < 3; i += 1) {
        await wait(45 * SECOND)
        await person.throughout(async () => {
          await person.page.reload()
        })
      }
      await wait(40 * SECOND)
      await complete(person)
    },
  },
  {
    name: 'paused for a minute',
    async live(person) {
      await wait(50 * SECOND)
      await act(person.page, 'pause')
      await wait(60 * SECOND)
      await act(person.page, 'resume')
      await wait(70 * SECOND)
      await complete(person)
    },
  },
  {
    name: 'two tabs, the first one closed',
    async live(person) {
      await wait(35 * SECOND)
      const second = await person.openTab()
      await wait(60 * SECOND)
      await person.closePage()
      await wait(70 * SECOND)
      await act(second, 'complete')
    },
  },
  {
    name: 'its clock moved by an hour, and back',
    async live(person) {
      await wait(40 * SECOND)
      await person.page.evaluate('{ const { now } = Date; Date.now = () => now() + 3_600_000 }')
      await wait(70 * SECOND)
      await person.page.evaluate('{ const { now } = Date; Date.now = () => now() - 3_600_000 }')
      await wait(70 * SECOND)
      await complete(person)
    },
  },
  {
    name: 'crashed without a word',
    hasNoLastBeat: true,
    async live(person) {
      await wait(80 * SECOND)
      const crashed = new Promise((resolve) => person.page.once('error', resolve))
      const devtools = await person.page.createCDPSession()
      // Nobody answers: the page is gone.
      devtools.send('Page.crash').catch(() => undefined)
      await crashed
      person.stopUsing()
      // Longer than a gap that counts without anybody's word.
      await wait(50 * SECOND)
    },
  },
]

interface Outcome {
  usedMs: number
  billedMs: number
  error?: unknown
}

async function observe({ live: use }: Use, person: Person): Promise<Outcome> {
  try {
    await use(person)
    const usedMs = person.usedMs()
    // The goodbye of a closed page is on its way.
    await wait(SECOND)
    await person.end()
    return { usedMs, billedMs: (await person.read()).usedMs }
  } catch (error) {
    return { usedMs: 0, billedMs: 0, error }
  }
}

test.each(uses)('$name: billed is what was used', async ({ name, hasNoLastBeat }) => {
  const { usedMs, billedMs, error } = await outcomes.get(name)!
  if (error !== undefined) throw error
  const percent = (100 * billedMs) / usedMs
  table.push(
    `${name.padEnd(42)} used ${seconds(usedMs)}  billed ${seconds(billedMs)}  ${percent.toFixed(2)} %  ${seconds(billedMs - usedMs)}`,
  )
  expect(billedMs - usedMs).toBeLessThanOrEqual(SECOND)
  if (hasNoLastBeat) expect(usedMs - billedMs).toBeLessThanOrEqual(NO_LAST_BEAT_MS)
  else expect(percent).toBeGreaterThanOrEqual(99)
}, 400_000)

const seconds = (ms: number) => `${(ms / 1000).toFixed(2).padStart(7)} s`
