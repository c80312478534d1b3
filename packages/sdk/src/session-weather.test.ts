import { describe, expect, test } from 'vitest'
import type { Ports } from './ports.ts'
import {
  createFakeMarketplace,
  type Duration,
  type FakeMarketplace,
  type OpenTab,
  settle,
} from './testing/index.ts'

const beatsOf = ({ api }: FakeMarketplace) => api.requests.filter(({ path }) => path.endsWith('/heartbeat'))
const secondsOf = ({ session }: OpenTab) => session.secondsLeft.getSnapshot()!
const serverSecondsOf = (market: FakeMarketplace) => market.read('ses_1').remainingMs / 1000

describe('an outage', () => {
  test('shorter than the lease is not noticed by the user', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    await market.advance('60s')
    market.goOffline()
    await market.advance('120s')
    expect(tab.session.getSnapshot()).toMatchObject({
      phase: 'active',
      canServe: true,
      error: { code: 'offline' },
    })
    await market.goOnline()
    expect(tab.session.getSnapshot()).toMatchObject({ canServe: true, error: null })
    expect(market.read('ses_1').usedMs).toBe(180_000)
  })

  test('longer than the lease closes the gate until a beat is answered, and the closed time is free', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    await market.advance('60s')
    market.goOffline()
    await market.advance('10m')
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', canServe: false })
    expect(secondsOf(tab)).toBe(30 * 60 - 60 - 130)
    await market.goOnline()
    expect(tab.session.getSnapshot()).toMatchObject({ canServe: true })
    expect(market.read('ses_1').usedMs).toBe(60_000 + 130_000)
  })

  test('that stops the countdown a moment before a full second does not make the page spin', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    await market.advance('999ms')
    tab.session.refresh()
    await settle()
    market.goOffline()
    await market.advance('140s')
    expect(tab.session.getSnapshot().canServe).toBe(false)
    let ticks = 0
    const { set } = tab.ports.timers
    tab.ports.timers.set = (callback, delayMs) => {
      ticks++
      return set(callback, delayMs)
    }
    await market.advance('60s')
    expect(ticks).toBeLessThan(80)
  })

  test('leaves the app open to the paid end where the provider gives that time away', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab({ options: { onUnavailable: 'allow-until-paid' } })
    market.goOffline()
    await market.advance('29m')
    expect(tab.session.getSnapshot().canServe).toBe(true)
    await market.advance('61s')
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', canServe: false })
    await market.goOnline()
    expect(market.read('ses_1').usedMs).toBeLessThanOrEqual(130_000)
  })

  test('is asked about ever more seldom, and never more than half a minute apart', async () => {
    const market = createFakeMarketplace()
    const calls: number[] = []
    const tab = await market.openTab()
    const { fetch } = tab.ports
    tab.ports.fetch = (url, init) => {
      calls.push(market.now())
      return fetch(url, init)
    }
    market.goOffline()
    await market.advance('5m')
    const gaps = calls.slice(1).map((at, index) => at - calls[index]!)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(30_000)
    expect(gaps[0]).toBeLessThan(2_000)
    expect(gaps.length).toBeLessThan(25)
  })

  test('of the API is waited out as long as it asks', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    market.api.failWith = { status: 429, code: 'rate_limited', retryAfterSeconds: 60 }
    await market.advance('30s')
    const before = beatsOf(market).length
    await market.advance('59s')
    expect(beatsOf(market)).toHaveLength(before)
    market.api.failWith = undefined
    await market.advance('2s')
    expect(beatsOf(market).length).toBeGreaterThan(before)
    expect(tab.session.getSnapshot().error).toBeNull()
  })

  test.each([
    500, 502, 503, 404, 401, 403,
  ])('answered by somebody else with %i does not end a running session', async (status) => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    market.api.failWith = { status }
    await market.advance('40s')
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true })
  })

  test.each<[string, Ports['fetch']]>([
    [
      'a request that never answers',
      (_url, { signal }) =>
        new Promise((_, reject) =>
          signal!.addEventListener('abort', () => reject(new DOMException('', 'AbortError'))),
        ),
    ],
    ['a request that never answers and heeds no signal, as a wrapped fetch may', () => new Promise(() => {})],
    [
      'an answer whose body never comes',
      async () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) })),
    ],
  ])('with %s is given up and tried again', async (_, never) => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    const { fetch } = tab.ports
    tab.ports.fetch = never
    await market.advance('41s')
    expect(tab.session.getSnapshot().error?.code).toBe('server_unavailable')
    tab.ports.fetch = fetch
    await market.advance('15s')
    expect(tab.session.getSnapshot().error).toBeNull()
  })
})

describe('a laptop', () => {
  test.each([
    ['stops the monotonic clock', false],
    ['lets the monotonic clock run on', true],
  ])('that slept an hour and %s is not billed for it', async (_, hasRunningMonotonicClock) => {
    const market = createFakeMarketplace()
    const tab = await market.openTab({ href: market.launch({ duration: '2h' }).href })
    await market.advance('60s')
    const session = market.api.sessions.get('ses_1')!
    await market.sleepLaptop('25m', hasRunningMonotonicClock)
    await market.advance('1s')
    expect(session.usedMs).toBeLessThan(92_000)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true })
    expect(Math.abs(secondsOf(tab) - serverSecondsOf(market))).toBeLessThanOrEqual(2)
  })

  test('that slept past the silence is sent back with the reason', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    await market.advance('90s')
    await market.sleepLaptop('2h')
    await market.advance('1s')
    expect(tab.leftTo).toContain('reason=abandoned')
    expect(market.read('ses_1').usedMs).toBe(90_000)
  })

  test.each<Duration>([
    '-18s',
    '18s',
    '-3h',
    '3h',
  ])('whose clock is wrong by %s from the start shows the right second', async (skew) => {
    const market = createFakeMarketplace()
    market.skewClock(skew)
    const tab = await market.openTab()
    await market.advance('7m')
    expect(tab.session.getSnapshot().canServe).toBe(true)
    expect(Math.abs(secondsOf(tab) - 23 * 60)).toBeLessThanOrEqual(1)
  })

  test.each<Duration>([
    '-18s',
    '18s',
    '-3h',
    '3h',
  ])('whose clock is moved by %s mid-session keeps the gate open and the right second', async (skew) => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    let closed = 0
    tab.session.on('block', () => closed++)
    await market.advance('7m')
    market.skewClock(skew)
    await market.advance('2s')
    expect(closed).toBe(0)
    expect(Math.abs(secondsOf(tab) - (23 * 60 - 2))).toBeLessThanOrEqual(1)
    await market.advance('5m')
    expect(Math.abs(secondsOf(tab) - (18 * 60 - 2))).toBeLessThanOrEqual(1)
  })
})

describe('a page', () => {
  test('that is closed says so, and its time stops', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    await market.advance('40s')
    tab.close()
    expect(beatsOf(market).at(-1)?.body).toMatchObject({
      final: true,
      activeMs: 10_000,
      sessionJwt: expect.any(String),
    })
    expect(market.read('ses_1')).toMatchObject({ usedMs: 40_000, serveUntil: null })
  })

  test('that is reloaded shows its session before the first answer', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    await market.advance('3m')
    market.goOffline()
    const again = await tab.reload()
    expect(again.session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true })
    expect(secondsOf(again)).toBe(27 * 60)
    await market.goOnline()
    expect(again.session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true, error: null })
    await market.advance('60s')
    expect(market.read('ses_1').usedMs).toBe(240_000)
  })

  test('that comes back from the back-forward cache beats at once', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    await market.advance('60s')
    tab.tell('hide')
    tab.freeze()
    await market.advance('5m')
    const before = beatsOf(market).length
    tab.thaw()
    tab.tell('show')
    await settle()
    expect(beatsOf(market).length).toBeGreaterThan(before)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true })
    expect(market.read('ses_1').usedMs).toBe(60_000)
  })

  test('whose address got the launch JWT again by hydration cleans it again', async () => {
    const market = createFakeMarketplace()
    const { href } = market.launch()
    const tab = await market.openTab({ href })
    tab.href = href
    tab.tell('show')
    expect(tab.href).not.toContain('launch_jwt')
  })

  test('whose storage forgets everything still runs its session', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab({ ports: { storage: { get: () => null, set() {} } } })
    await market.advance('2m')
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true })
    expect(market.read('ses_1').usedMs).toBe(120_000)
  })

  test('hidden for an hour is beaten for and counted', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab({ href: market.launch({ duration: '2h' }).href })
    tab.setVisible(false)
    await market.advance('1h')
    tab.setVisible(true)
    await settle()
    expect(secondsOf(tab)).toBe(3600)
  })
})

describe('tabs of one browser', () => {
  async function openTwo() {
    const market = createFakeMarketplace()
    const first = await market.openTab()
    await market.advance('10s')
    const second = await market.openTab({ href: 'https://app.test/' })
    return { market, first, second }
  }

  test('share the session and show the same second', async () => {
    const { market, first, second } = await openTwo()
    for (let minute = 0; minute < 5; minute++) {
      await market.advance('63s')
      expect(secondsOf(second)).toBe(secondsOf(first))
    }
    expect(second.session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true })
  })

  test('are billed once and one of them beats', async () => {
    const { market } = await openTwo()
    const before = beatsOf(market).length
    await market.advance('10m')
    expect(beatsOf(market).length - before).toBeLessThanOrEqual(21)
    expect(market.read('ses_1').usedMs).toBeLessThanOrEqual(610_000)
  })

  test.each(['close', 'crash', 'freeze'] as const)('go on when the leader is gone: %s', async (how) => {
    const { market, first, second } = await openTwo()
    await market.advance('60s')
    first[how]()
    await market.advance('10m')
    expect(second.session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true })
    expect(market.read('ses_1').usedMs).toBeGreaterThan(620_000)
    const gaps = beatsOf(market).map(({ at }, index, all) => at - (all[index - 1]?.at ?? at))
    expect(Math.max(...gaps)).toBeLessThanOrEqual(45_000)
  })

  test('take the lead at once, also when the leader could not tell them that it left', async () => {
    const { market, first } = await openTwo()
    await market.advance('20s')
    const before = beatsOf(market).length
    first.crash()
    await settle()
    expect(beatsOf(market).length).toBe(before + 1)
  })

  test('go on within a second when the last word of a closed tab took their sequence', async () => {
    const { market, second } = await openTwo()
    const session = market.api.sessions.get('ses_1')!
    session.hasLeft = true
    session.leaseEnd = null
    session.sequence++
    second.session.refresh()
    await market.advance('2s')
    expect(session.leaseEnd).not.toBeNull()
    expect(second.session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true })
  })

  test('answer the warning together', async () => {
    const { market, first, second } = await openTwo()
    await market.advance('25m')
    second.session.dismissWarning()
    await settle()
    expect(first.session.getSnapshot().isWarningDismissed).toBe(true)
  })

  test('pause and resume together', async () => {
    const { first, second } = await openTwo()
    await second.session.pause()
    await settle()
    expect(first.session.getSnapshot().phase).toBe('paused')
    await first.session.resume()
    await settle()
    expect(second.session.getSnapshot().phase).toBe('active')
  })

  test('all end; a hidden one goes back when it is looked at', async () => {
    const { first, second } = await openTwo()
    first.setVisible(false)
    await second.session.complete()
    await settle()
    expect(second.leftTo).toContain('reason=completed')
    expect(first.session.getSnapshot().phase).toBe('ended')
    expect(first.leftTo).toBeUndefined()
    first.setVisible(true)
    await settle()
    expect(first.leftTo).toContain('reason=completed')
  })

  test('follow a second launch, and the first session stops being billed', async () => {
    const { market, first, second } = await openTwo()
    const third = await market.openTab({ href: market.launch().href })
    await settle()
    for (const { session } of [first, second, third]) expect(session.getSnapshot().session?.id).toBe('ses_2')
    const { usedMs } = market.read('ses_1')
    await market.advance('5m')
    expect(market.read('ses_1').usedMs).toBe(usedMs)
    expect(market.read('ses_2').usedMs).toBeGreaterThan(290_000)
  })

  test('keep their session when one of them opens a stale link', async () => {
    const market = createFakeMarketplace()
    const { href } = market.launch()
    await market.openTab({ href })
    const tab = await market.openTab({ href, browser: market.openBrowser() })
    expect(tab.session.getSnapshot().phase).toBe('failed')
    const { href: stale } = market.launch()
    await market.advance('3m')
    const again = await market.openTab({ href: stale })
    expect(again.session.getSnapshot()).toMatchObject({ phase: 'active', session: { id: 'ses_1' } })
  })
})
