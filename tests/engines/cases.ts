/**
 * The hard cases, each the same in every engine. A case says what happened, for the table.
 *
 * @module
 */
import { expect } from 'vitest'
import type { Engine, Tab } from './engine.ts'
import type { Lab, Lack, Launched } from './lab.ts'

export interface HardCase {
  title: string
  /** What a tab must be able to do; where it cannot, the cell says so. */
  needs?: 'hide' | 'freeze'
  act(world: { engine: Engine; lab: Lab }): Promise<string>
}

const SNAPSHOT = `(() => {
  const { phase, canServe, error, session } = TokenMarketplace.session.getSnapshot()
  return { phase, canServe, error: error && error.code, id: session && session.id }
})()`
const PATIENCE = { timeout: 15_000, interval: 100 }
/** A heartbeat is due every 30 seconds. */
const INTERVAL_PATIENCE = { timeout: 45_000, interval: 100 }
const CLOSES = 4

interface Seen {
  phase: string
  canServe: boolean
  error: string | null
  id: string | null
}

const look = (tab: Tab) => tab.run<Seen>(SNAPSHOT)

async function expectActive(tab: Tab, id: string): Promise<void> {
  await expect.poll(() => look(tab), PATIENCE).toMatchObject({ phase: 'active', canServe: true, id })
}

async function openApp({ engine, lab }: { engine: Engine; lab: Lab }, lacks?: Lack[]) {
  const launched = await lab.launch(lacks)
  const tab = await engine.newTab()
  await tab.goto(launched.url)
  await expectActive(tab, launched.id)
  return { tab, launched }
}

/** The page asks at once; gives the sequence that the API then has. */
async function beat(tab: Tab, launched: Launched): Promise<number> {
  const { sequence } = await launched.read()
  await tab.run('TokenMarketplace.session.refresh()')
  await expect.poll(async () => (await launched.read()).sequence, PATIENCE).toBeGreaterThan(sequence)
  return (await launched.read()).sequence
}

const secondsShown = `document.querySelector('[data-tm-remaining]').textContent`
const click = (selector: string) => `document.querySelector('${selector}').click()`
const hasOpenDialog = `!!document.querySelector('token-marketplace')?.shadowRoot?.querySelector('dialog[open]')`

export const hardCases: HardCase[] = [
  {
    title: 'a launch under the strictest policy',
    async act(world) {
      const { tab } = await openApp(world)
      expect(await tab.run('location.href')).toBe(`${world.lab.appUrl}/`)
      expect(await tab.run('seen.violations')).toEqual([])
      return 'validated, first beat sent, address clean, no policy violated'
    },
  },
  {
    title: 'the device’s clock is wrong by months',
    async act(world) {
      const { tab, launched } = await openApp(world)
      for (let step = 0; step < 3; step++) {
        world.lab.stack.api.clock.advance({ seconds: 40 })
        await beat(tab, launched)
      }
      const { remainingMs } = await launched.read()
      expect(remainingMs).toBe(1_680_000)
      await expect.poll(() => tab.run(secondsShown), PATIENCE).toMatch(/^(28:00|27:5\d)$/)
      return 'shows the server’s time'
    },
  },
  {
    title: 'reload',
    async act(world) {
      const { tab, launched } = await openApp(world)
      await tab.reload()
      await expectActive(tab, launched.id)
      await beat(tab, launched)
      return 'the same session goes on'
    },
  },
  {
    title: 'the tab is closed',
    async act(world) {
      const other = await world.engine.newTab()
      await other.goto(`${world.lab.appUrl}/elsewhere`)
      let heard = 0
      for (let closes = 0; closes < CLOSES; closes++) {
        const { tab, launched } = await openApp(world)
        await tab.close()
        heard += await expect
          .poll(async () => (await launched.read()).serveUntil, { timeout: 5_000, interval: 100 })
          .toBeNull()
          .then(
            () => 1,
            () => 0,
          )
        // With or without that beat, nothing is charged for what comes later.
        world.lab.stack.api.clock.advance({ minutes: 10 })
        expect((await launched.read()).usedMs).toBeLessThanOrEqual(130_000)
      }
      return heard === CLOSES
        ? 'a last beat arrives, time stops at once'
        : 'some last beats are lost: then the lease stops the time after 130 s'
    },
  },
  {
    title: 'away and back (bfcache)',
    async act(world) {
      const { tab, launched } = await openApp(world)
      await tab.goto(`${world.lab.appUrl}/elsewhere`)
      await expect.poll(async () => (await launched.read()).serveUntil, PATIENCE).toBeNull()
      await tab.back()
      await expect.poll(() => tab.run('location.pathname'), PATIENCE).toBe('/')
      await expectActive(tab, launched.id)
      await expect.poll(async () => (await launched.read()).serveUntil, PATIENCE).not.toBeNull()
      const isRestored = await tab.run<boolean>('seen.shows.includes(true)')
      // Where the browser says why it kept nothing, no reason is the page's: those are named, its own are masked.
      const reasons = await tab.run<string[]>(
        `(performance.getEntriesByType('navigation')[0].notRestoredReasons?.reasons ?? []).map(({ reason }) => reason)`,
      )
      expect(reasons.filter((reason) => reason !== 'masked')).toEqual([])
      return isRestored ? 'out of the cache, beats at once' : 'loaded anew, beats at once'
    },
  },
  {
    title: 'two tabs',
    act: (world) => actTwoTabs(world, []),
  },
  {
    title: 'two tabs without Web Locks and BroadcastChannel',
    act: (world) => actTwoTabs(world, ['locks', 'channel']),
  },
  {
    title: 'the tab that beats is closed',
    async act(world) {
      const { tab, launched } = await openApp(world)
      const second = await world.engine.newTab()
      await second.goto(`${world.lab.appUrl}/`)
      await expectActive(second, launched.id)
      const { sequence } = await launched.read()
      const startedAt = Date.now()
      await tab.close()
      await expect
        .poll(async () => {
          const now = await launched.read()
          return now.sequence > sequence && now.serveUntil !== null
        }, INTERVAL_PATIENCE)
        .toBe(true)
      return Date.now() - startedAt < 5_000 ? 'the other beats at once' : 'the other beats within an interval'
    },
  },
  {
    title: 'storage that throws',
    async act(world) {
      const { tab, launched } = await openApp(world, ['storage'])
      await beat(tab, launched)
      return 'runs; a reload needs a new launch'
    },
  },
  {
    title: 'no WebCrypto',
    async act(world) {
      const { tab, launched } = await openApp(world, ['webcrypto'])
      await beat(tab, launched)
      return 'the server verifies alone'
    },
  },
  {
    title: 'the network fails and comes back',
    async act(world) {
      const { tab, launched } = await openApp(world)
      await tab.run(
        `window.realFetch = fetch, window.fetch = () => Promise.reject(new TypeError('failed')), null`,
      )
      await tab.run('TokenMarketplace.session.refresh()')
      await expect.poll(() => look(tab), PATIENCE).toMatchObject({ phase: 'active', error: 'offline' })
      await tab.run(`window.fetch = realFetch, dispatchEvent(new Event('online')), null`)
      await expect.poll(() => look(tab), PATIENCE).toMatchObject({ phase: 'active', error: null })
      await beat(tab, launched)
      return 'the session goes on, and asks as soon as it can'
    },
  },
  {
    title: 'pause and its dialog',
    async act(world) {
      const { tab, launched } = await openApp(world)
      await tab.run(click('[data-tm-pause]'))
      await expect.poll(() => tab.run(hasOpenDialog), PATIENCE).toBe(true)
      expect((await launched.read()).status).toBe('paused')
      expect(await tab.run(`document.activeElement.localName`)).toBe('token-marketplace')
      await tab.run('TokenMarketplace.session.resume().then(() => null)')
      await expectActive(tab, launched.id)
      expect(await tab.run('seen.violations')).toEqual([])
      return 'time stops, a modal dialog takes the focus'
    },
  },
  {
    title: 'a second launch',
    async act(world) {
      const { tab, launched } = await openApp(world)
      const second = await world.lab.launch()
      await tab.goto(second.url)
      await expectActive(tab, second.id)
      await expect.poll(async () => (await launched.read()).serveUntil, PATIENCE).toBeNull()
      return 'replaces the first, whose time stops'
    },
  },
  {
    title: 'the time is up',
    async act(world) {
      const { tab, launched } = await openApp(world)
      for (let passed = 0; passed < 30 * 60; passed += 40) {
        world.lab.stack.api.clock.advance({ seconds: 40 })
        if (passed + 40 < 30 * 60) await beat(tab, launched)
      }
      await tab.run('TokenMarketplace.session.refresh()')
      await expectBack(tab, world.lab, 'expired')
      expect(await launched.read()).toMatchObject({ status: 'ended', endReason: 'expired' })
      return 'back at the marketplace, `reason=expired`'
    },
  },
  {
    title: 'the user ends it',
    async act(world) {
      const { tab, launched } = await openApp(world)
      await tab.run(click('[data-tm-end]'))
      await expectBack(tab, world.lab, 'completed')
      expect(await launched.read()).toMatchObject({ status: 'ended', endReason: 'completed' })
      return 'back at the marketplace, `reason=completed`'
    },
  },
  {
    title: 'frozen by the browser',
    needs: 'freeze',
    async act(world) {
      const { tab, launched } = await openApp(world)
      await beat(tab, launched)
      await tab.freeze!()
      world.lab.stack.api.clock.advance({ minutes: 20 })
      await tab.thaw!()
      // Until the next beat has come, what is read is what was served.
      await beat(tab, launched)
      await expectActive(tab, launched.id)
      const { usedMs } = await launched.read()
      expect(usedMs).toBeLessThan(130_000)
      return `20 minutes frozen count ${Math.round(usedMs / 1000)} s; goes on`
    },
  },
  {
    title: 'hidden, timers throttled to one a minute',
    needs: 'hide',
    async act(world) {
      const { tab, launched } = await openApp(world)
      const { sequence } = await launched.read()
      await tab.hide!()
      await expect.poll(() => tab.run('document.hidden'), PATIENCE).toBe(true)
      const startedAt = Date.now()
      await expect
        .poll(async () => (await launched.read()).sequence, { timeout: 100_000, interval: 500 })
        .toBeGreaterThanOrEqual(sequence + 2)
      const seconds = Math.round((Date.now() - startedAt) / 1000)
      expect(seconds).toBeLessThan(75)
      return `two beats in ${seconds} s, as when it is seen`
    },
  },
]

async function actTwoTabs(world: { engine: Engine; lab: Lab }, lacks: Lack[]): Promise<string> {
  const { tab: first, launched } = await openApp(world, lacks)
  const second = await world.engine.newTab()
  await second.goto(`${world.lab.appUrl}/?lacks=${lacks.join(',')}`)
  await expectActive(second, launched.id)
  await second.run('TokenMarketplace.session.pause().then(() => null)')
  await expect.poll(() => look(first), PATIENCE).toMatchObject({ phase: 'paused' })
  await expect.poll(() => first.run(hasOpenDialog), PATIENCE).toBe(true)
  await first.run('TokenMarketplace.session.resume().then(() => null)')
  await expectActive(second, launched.id)
  const shown = await Promise.all([first.run<string>(secondsShown), second.run<string>(secondsShown)])
  const [one, other] = shown.map((text) => Number(text.split(':')[0]) * 60 + Number(text.split(':')[1]))
  expect(Math.abs(one! - other!)).toBeLessThanOrEqual(1)
  return 'one session, one second, paused and resumed together'
}

async function expectBack(tab: Tab, { stack }: Lab, reason: string): Promise<void> {
  // The marketplace may have asked for a sign-in by then, and keeps the address for afterwards.
  await expect
    .poll(() => tab.run<string>('decodeURIComponent(location.href)').catch(() => ''), PATIENCE)
    .toMatch(new RegExp(`^${stack.marketplaceUrl}/.*[?&]reason=${reason}`))
}
