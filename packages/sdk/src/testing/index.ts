/**
 * A marketplace, a laptop and a clock in memory: test an app's expiry in milliseconds.
 *
 * @module
 */
import { createSession } from '../create-session.ts'
import type { Ports } from '../ports.ts'
import type { MarketplaceSession, SessionOptions } from '../session.ts'
import type { Session } from '../wire.ts'
import { createFakeApi, FAKE_PROVIDER_ID, type FakeApi, type LaunchOptions } from './fake-api.ts'
import { createFakeBrowser, type Device, type FakeBrowser, type FakeTab } from './fake-browser.ts'
import { expireByClock, toWire } from './fake-session.ts'
import { createVirtualTime, type Duration, settle, toMs } from './virtual-time.ts'

export {
  createFakeApi,
  FAKE_PROVIDER_ID,
  type FakeApi,
  type LaunchOptions,
  type SeenRequest,
} from './fake-api.ts'
export type { Device, FakeBrowser, FakeTab } from './fake-browser.ts'
export { countGap, type FakeSession, type Use } from './fake-session.ts'
export { createVirtualTime, type Duration, settle, toMs, type VirtualTime } from './virtual-time.ts'

export const FAKE_API_URL = 'https://api.marketplace.test'

export interface TabOptions {
  /** Another browser than the usual one: somebody else's. */
  browser?: FakeBrowser | undefined
  /** The address that is opened; a fresh launch when left out. */
  href?: string | undefined
  /** Options of the session in the tab. */
  options?: Partial<SessionOptions> | undefined
  /** Ports that behave differently, for instance a storage that throws. */
  ports?: Partial<Ports> | undefined
}

/** A tab with its session, which is started. */
export type OpenTab = FakeTab & { session: MarketplaceSession; reload(): Promise<OpenTab> }

export interface FakeMarketplace {
  api: FakeApi
  device: Device
  now(): number
  /** Opens a session and returns the address that leads into the app. */
  launch(options?: LaunchOptions): { id: string; href: string; launchJwt: string }
  /** A way back into a running session. */
  relaunch(id: string): string
  extend(id: string, duration: Duration): void
  /** The session as the marketplace sees it now. */
  read(id: string): Session
  openBrowser(): FakeBrowser
  openTab(tab?: TabOptions): Promise<OpenTab>
  advance(duration: Duration): Promise<void>
  /** The lid is shut: `performance.now` stands still, timers wait. On some systems it runs on. */
  sleepLaptop(duration: Duration, hasRunningMonotonicClock?: boolean): Promise<void>
  goOffline(): void
  goOnline(): Promise<void>
  /** Sets the device's clock wrong by this much more. */
  skewClock(by: Duration): void
}

/**
 * Makes a marketplace to test an app against.
 *
 * @example
 * const market = createFakeMarketplace()
 * const tab = await market.openTab()
 * await market.advance('25m')
 * expect(tab.session.getSnapshot().isEnding).toBe(true)
 */
export function createFakeMarketplace(): FakeMarketplace {
  const time = createVirtualTime(Date.UTC(2030, 0, 1))
  const device: Device = { skewMs: 0, sleptMs: 0, isOnline: true }
  const api = createFakeApi(time.now)
  const browsers: FakeBrowser[] = []
  const tabs = new Set<OpenTab>()
  const toHref = (launchJwt: string) => `https://app.test/play?level=3&launch_jwt=${launchJwt}#top`

  function launch(options: LaunchOptions = {}) {
    const { session, launchJwt } = api.launch(options)
    return { id: session.id, launchJwt, href: toHref(launchJwt) }
  }

  /** What is over by the clock is over, whether a page asked or not. */
  function expire() {
    for (const session of api.sessions.values()) expireByClock(session, time.now())
  }

  function openBrowser(): FakeBrowser {
    const browser = createFakeBrowser(
      time,
      device,
      (url, { body, headers }) =>
        api.handle(url, (body as string | null | undefined) ?? null, headers?.authorization),
      42 + browsers.length,
    )
    browsers.push(browser)
    return browser
  }

  async function openTab({ browser = browsers[0] ?? openBrowser(), href, options, ports }: TabOptions = {}) {
    const tab = browser.open(href ?? launch().href, ports)
    const opened = Object.assign(tab, {
      session: createSession(
        { apiUrl: FAKE_API_URL, providerId: FAKE_PROVIDER_ID, ...options, ports: tab.ports },
        () => tab.ports,
      ),
      async reload() {
        tabs.delete(opened)
        opened.close()
        await settle()
        return openTab({ browser, href: opened.href, options, ports })
      },
    }) as OpenTab
    tabs.add(opened)
    opened.session.start()
    await settle()
    return opened
  }

  return {
    api,
    device,
    now: time.now,
    launch,
    relaunch: (id) => toHref(api.relaunch(id)),
    extend(id, duration) {
      api.sessions.get(id)!.durationMs += toMs(duration)
    },
    read(id) {
      expire()
      return toWire(api.sessions.get(id)!, time.now())
    },
    openBrowser,
    openTab,
    async advance(duration) {
      await time.advance(duration)
      expire()
    },
    async sleepLaptop(duration, hasRunningMonotonicClock = false) {
      if (!hasRunningMonotonicClock) device.sleptMs += toMs(duration)
      await time.skip(duration)
      expire()
    },
    goOffline() {
      device.isOnline = false
    },
    async goOnline() {
      device.isOnline = true
      for (const tab of tabs) tab.tell('online')
      await settle()
    },
    skewClock(by) {
      device.skewMs += toMs(by)
    },
  }
}
