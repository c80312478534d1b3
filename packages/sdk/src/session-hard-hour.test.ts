import { describe, expect, test } from 'vitest'
import { createFakeMarketplace, type FakeMarketplace, type OpenTab, settle } from './testing/index.ts'

const beatsOf = ({ api }: FakeMarketplace) => api.requests.filter(({ path }) => path.endsWith('/heartbeat'))
const secondsOf = ({ session }: OpenTab) => session.secondsLeft.getSnapshot()!
const offBy = (market: FakeMarketplace, tab: OpenTab) =>
  Math.abs(secondsOf(tab) - market.read('ses_1').remainingMs / 1000)

test('after an hour with sleep, throttling, a wrong clock and one that is moved, the countdown is within a second', async () => {
  const market = createFakeMarketplace()
  market.skewClock('-3h')
  const tab = await market.openTab({ href: market.launch({ duration: '2h' }).href })
  await market.advance('10m')
  expect(offBy(market, tab)).toBeLessThanOrEqual(1)
  // Hidden, its timers fire once a minute.
  const { set } = tab.ports.timers
  tab.ports.timers.set = (callback, delayMs) => set(callback, Math.max(60_000, delayMs))
  tab.setVisible(false)
  await market.advance('15m')
  market.skewClock('5h')
  tab.ports.timers.set = set
  tab.setVisible(true)
  await market.advance('1s')
  expect(offBy(market, tab)).toBeLessThanOrEqual(1)
  await market.sleepLaptop('20m')
  await market.advance('1s')
  expect(offBy(market, tab)).toBeLessThanOrEqual(1)
  market.skewClock('-18s')
  await market.advance('15m')
  expect(offBy(market, tab)).toBeLessThanOrEqual(1)
  expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true, error: null })
})

test('an outage leaves no queue: what was used in it is one number in one beat', async () => {
  const market = createFakeMarketplace()
  await market.openTab({ href: market.launch({ duration: '2h' }).href })
  await market.advance('60s')
  market.goOffline()
  await market.advance('25m')
  const before = beatsOf(market).length
  await market.goOnline()
  const [beat, ...more] = beatsOf(market).slice(before)
  expect(more).toEqual([])
  // Not more than was served: the lease of 130 seconds, of which the last beat began one.
  expect(beat?.body.activeMs).toBeLessThanOrEqual(130_000)
  expect(market.read('ses_1').usedMs).toBe(60_000 + 130_000)
})

describe('the leading tab in the back-forward cache', () => {
  test('is replaced within an interval, and follows when it comes back', async () => {
    const market = createFakeMarketplace()
    const leader = await market.openTab()
    await market.advance('10s')
    const other = await market.openTab({ href: 'https://app.test/' })
    await market.advance('60s')
    leader.tell('hide')
    leader.freeze()
    const leftAt = market.now()
    await market.advance('10m')
    const next = beatsOf(market).find(({ at, body }) => at >= leftAt && !body.final)
    expect(next!.at - leftAt).toBeLessThanOrEqual(30_000)
    expect(other.session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true })
    leader.thaw()
    leader.tell('show')
    await settle()
    expect(secondsOf(leader)).toBe(secondsOf(other))
    const before = beatsOf(market).length
    await market.advance('10m')
    expect(beatsOf(market).length - before).toBeLessThanOrEqual(21)
  })
})

describe('the key set', () => {
  const asked = ({ api }: FakeMarketplace) => api.requests.filter(({ path }) => path === '/keys/public')
  const key = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: 'fake' }

  async function open(isRight: boolean, kept?: object) {
    const market = createFakeMarketplace()
    const browser = market.openBrowser()
    if (kept) browser.storage.set('tm:prv_fake:keys', JSON.stringify(kept))
    const crypto = { random: (length: number) => new Uint8Array(length), verifyEs256: async () => isRight }
    const tab = await market.openTab({ browser, ports: { crypto } })
    return { market, browser, tab }
  }

  test('that is kept and holds the key is not asked for', async () => {
    const { market, tab } = await open(true, { keys: [key] })
    expect(tab.session.getSnapshot().phase).toBe('active')
    expect(asked(market)).toEqual([])
  })

  test('is asked for anew when a key is unknown, and kept', async () => {
    const { market, browser, tab } = await open(true, { keys: [{ ...key, kid: 'old' }] })
    expect(asked(market)).toHaveLength(1)
    expect(JSON.parse(browser.storage.get('tm:prv_fake:keys')!)).toEqual({ keys: [] })
    // What cannot be told here, the server tells.
    expect(tab.session.getSnapshot().phase).toBe('active')
  })

  test('refuses a signature that is certainly wrong before the server is bothered', async () => {
    const { market, tab } = await open(false, { keys: [key] })
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'failed', error: { code: 'launch_invalid' } })
    expect(market.api.requests.filter(({ path }) => path.endsWith('/validate'))).toEqual([])
  })
})
