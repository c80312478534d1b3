import { describe, expect, test } from 'vitest'
import type { SessionEvent } from './session.ts'
import { createFakeMarketplace, type Duration, type FakeMarketplace, type OpenTab } from './testing/index.ts'

const beatsOf = ({ api }: FakeMarketplace) => api.requests.filter(({ path }) => path.endsWith('/heartbeat'))
const validationsOf = ({ api }: FakeMarketplace) =>
  api.requests.filter(({ path }) => path.endsWith('/validate'))
const secondsOf = ({ session }: OpenTab) => session.secondsLeft.getSnapshot()

function recordEvents({ session }: OpenTab) {
  const seen: SessionEvent[] = []
  for (const type of [
    'start',
    'warning',
    'pause',
    'resume',
    'extend',
    'block',
    'unblock',
    'end',
    'error',
  ] as const)
    session.on(type, (event) => seen.push(event))
  return { seen, types: () => seen.map(({ type }) => type) }
}

describe('a launch', () => {
  test('becomes an active session, and the address forgets the launch JWT', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true, error: null })
    expect(tab.href).toBe('https://app.test/play?level=3#top')
  })

  test('is validated with a client id of the agreed form', async () => {
    const market = createFakeMarketplace()
    await market.openTab()
    expect(market.api.requests[0]?.body.clientId).toMatch(/^[A-Za-z0-9_-]{8,64}$/)
  })

  test('beats at once, then every thirty seconds, each with the next sequence and the use since', async () => {
    const market = createFakeMarketplace()
    await market.openTab()
    const startedAt = market.now()
    await market.advance('95s')
    const beats = beatsOf(market)
    expect(beats.map(({ at }) => Math.round((at - startedAt) / 1000))).toEqual([0, 30, 60, 90])
    expect(beats.map(({ body }) => body.sequence)).toEqual([1, 2, 3, 4])
    expect(beats.map(({ body }) => body.activeMs)).toEqual([0, 30_000, 30_000, 30_000])
    expect(beats[1]?.body).not.toHaveProperty('final')
  })

  test('that another browser used is refused, and the first browser goes on', async () => {
    const market = createFakeMarketplace()
    const { href } = market.launch()
    const first = await market.openTab({ href })
    const thief = await market.openTab({ href, browser: market.openBrowser() })
    expect(thief.session.getSnapshot()).toMatchObject({
      phase: 'failed',
      error: { code: 'launch_already_used' },
    })
    await market.advance('2m')
    expect(first.session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true })
  })

  test('whose answer was an outage is asked for again', async () => {
    const market = createFakeMarketplace()
    market.api.failWith = { status: 502 }
    const tab = await market.openTab()
    expect(tab.session.getSnapshot()).toMatchObject({
      phase: 'starting',
      error: { code: 'server_unavailable' },
    })
    market.api.failWith = undefined
    await market.advance('2s')
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', error: null })
  })

  test('that expired sends the user back once, and not in a loop', async () => {
    const market = createFakeMarketplace()
    const { href } = market.launch()
    await market.advance('3m')
    const first = await market.openTab({ href })
    expect(first.leftTo).toBe('https://marketplace.test/?session=ses_1')
    const second = await market.openTab({ href })
    expect(second.leftTo).toBeUndefined()
    expect(second.session.getSnapshot().error?.code).toBe('launch_expired')
  })

  test.each([
    ['no launch JWT', 'https://app.test/', 'launch_missing'],
    ['rubbish', 'https://app.test/?launch_jwt=rubbish', 'launch_invalid'],
  ])('fails with a clear word: %s', async (_, href, code) => {
    const market = createFakeMarketplace()
    const { session } = await market.openTab({ href })
    const { phase, error } = session.getSnapshot()
    expect(phase).toBe('failed')
    expect(error).toMatchObject({ code, message: expect.any(String), userMessage: expect.any(String) })
    expect(market.api.requests).toEqual([])
  })

  test('for another provider never reaches the server', async () => {
    const market = createFakeMarketplace()
    const { session } = await market.openTab({ options: { providerId: 'prv_other' } })
    expect(session.getSnapshot().error?.code).toBe('launch_wrong_provider')
    expect(market.api.requests).toEqual([])
  })

  test('without options says that they are missing', async () => {
    const market = createFakeMarketplace()
    const { session } = await market.openTab({ options: { apiUrl: '' } })
    expect(session.getSnapshot().error?.code).toBe('config_invalid')
  })

  test('from an origin that CORS hides is told apart from a lost network', async () => {
    const market = createFakeMarketplace()
    const { session } = await market.openTab({
      ports: {
        fetch: (url) =>
          url.endsWith('/keys/public')
            ? Promise.resolve(Response.json({ keys: [] }))
            : Promise.reject(new TypeError('Failed to fetch')),
      },
    })
    expect(session.getSnapshot().error?.code).toBe('offline')
    await market.advance('10s')
    expect(session.getSnapshot()).toMatchObject({ phase: 'failed', error: { code: 'origin_not_allowed' } })
  })

  test('that a gateway refused twice, in an answer without CORS headers, is not taken for one from a wrong origin', async () => {
    const market = createFakeMarketplace()
    const browser = market.openBrowser()
    const { fetch } = browser.open('https://app.test/').ports
    let refusals = 2
    const { session } = await market.openTab({
      browser,
      ports: {
        fetch: (url, init) =>
          url.endsWith('/validate') && refusals-- > 0
            ? Promise.reject(new TypeError('Failed to fetch'))
            : fetch(url, init),
      },
    })
    await market.advance('10s')
    expect(session.getSnapshot()).toMatchObject({ phase: 'active', error: null })
  })

  test('that is missing leaves nothing in the storage of a visitor', async () => {
    const market = createFakeMarketplace()
    const browser = market.openBrowser()
    await market.openTab({ browser, href: 'https://app.test/', options: { isOptional: true } })
    expect(browser.storage.size).toBe(0)
  })

  test('that an overloaded API does not answer is not taken for one from a wrong origin', async () => {
    const market = createFakeMarketplace()
    const { session } = await market.openTab({
      ports: {
        fetch: (url, { signal }) =>
          url.endsWith('/keys/public')
            ? Promise.resolve(Response.json({ keys: [] }))
            : new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason))),
      },
    })
    await market.advance('1m')
    expect(session.getSnapshot()).toMatchObject({ phase: 'starting', error: { isTemporary: true } })
  })

  test('during an outage waits for the network', async () => {
    const market = createFakeMarketplace()
    market.goOffline()
    const tab = await market.openTab()
    await market.advance('20s')
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'starting', error: { code: 'offline' } })
    await market.goOnline()
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', error: null })
  })

  test('started twice is one session', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    await Promise.all([tab.session.start(), tab.session.start()])
    expect(validationsOf(market)).toHaveLength(1)
  })

  test('disposed before its answer and started again is one session', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab({ href: 'https://app.test/' })
    tab.session.dispose()
    tab.href = market.launch().href
    tab.session.start()
    tab.session.dispose()
    await tab.session.start()
    expect(tab.session.getSnapshot().phase).toBe('active')
    expect(validationsOf(market)).toHaveLength(1)
  })
})

describe('the end', () => {
  test('warns five minutes before, then leads back when the server confirmed it', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    const { types } = recordEvents(tab)
    await market.advance('24m')
    expect(tab.session.getSnapshot().isEnding).toBe(false)
    await market.advance('61s')
    expect(tab.session.getSnapshot().isEnding).toBe(true)
    await market.advance('5m')
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'ended', canServe: false })
    expect(tab.leftTo).toBe('https://marketplace.test/?session=ses_1&reason=expired')
    expect(types()).toEqual(['warning', 'block', 'end'])
    expect(market.read('ses_1')).toMatchObject({
      endReason: 'expired',
      usedMs: 30 * 60_000,
      tokensCharged: 120,
    })
  })

  test.each<[number, Duration]>([
    [60, '1738s'],
    [600, '1198s'],
  ])('is warned of %i seconds before, as the option says', async (warningSeconds, after) => {
    const market = createFakeMarketplace()
    const tab = await market.openTab({ options: { warningSeconds } })
    await market.advance(after)
    expect(tab.session.getSnapshot().isEnding).toBe(false)
    await market.advance('4s')
    expect(tab.session.getSnapshot().isEnding).toBe(true)
  })

  test('is not believed while the server cannot be reached: the gate closes, nobody is sent away', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab({ href: market.launch({ duration: '2m' }).href })
    await market.advance('100s')
    market.goOffline()
    await market.advance('5m')
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', canServe: false })
    expect(tab.leftTo).toBeUndefined()
    await market.goOnline()
    await market.advance('1s')
    expect(tab.leftTo).toContain('reason=expired')
  })

  test('waits for the app to save, but not longer than three seconds', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab({ options: { onBeforeRedirect: () => new Promise(() => {}) } })
    await tab.session.complete()
    expect(tab.leftTo).toBeUndefined()
    await market.advance('3s')
    expect(tab.leftTo).toBe('https://marketplace.test/?session=ses_1&reason=completed')
  })

  test('leaves the page alone when redirects are off', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab({ options: { redirect: false } })
    await tab.session.complete()
    expect(tab.leftTo).toBeUndefined()
    expect(tab.session.getSnapshot().phase).toBe('ended')
  })

  test('charges 29 tokens for 7 minutes 12 seconds at 4 a minute', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    await market.advance('432s')
    await tab.session.complete()
    expect(market.read('ses_1')).toMatchObject({ usedMs: 432_000, tokensCharged: 29 })
  })

  test('moves when the session is extended, and the warning is taken back', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    const { seen, types } = recordEvents(tab)
    await market.advance('26m')
    tab.session.dismissWarning()
    market.extend('ses_1', '10m')
    await market.advance('30s')
    expect(types()).toEqual(['warning', 'extend'])
    expect(seen[1]).toMatchObject({ addedSeconds: 600 })
    expect(tab.session.getSnapshot()).toMatchObject({ isEnding: false, isWarningDismissed: false })
    expect(secondsOf(tab)).toBe(13 * 60 + 30)
  })

  test('forgets the session but not the client', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab({ options: { redirect: false } })
    await tab.session.complete()
    const again = await tab.reload()
    expect(again.session.getSnapshot().error?.code).toBe('launch_missing')
    await market.openTab()
    const clients = validationsOf(market).map(({ body }) => body.clientId)
    expect(clients).toHaveLength(2)
    expect(clients[0]).toBe(clients[1])
  })
})

describe('pause', () => {
  test('stops the time, resume lets it run', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    const { types } = recordEvents(tab)
    await market.advance('60s')
    await tab.session.pause()
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'paused', canServe: false })
    await market.advance('10m')
    expect(secondsOf(tab)).toBe(29 * 60)
    await tab.session.resume()
    await market.advance('60s')
    expect(secondsOf(tab)).toBe(28 * 60)
    expect(types()).toEqual(['pause', 'resume'])
    await tab.session.complete()
    expect(market.read('ses_1').usedMs).toBe(120_000)
  })

  test('made in the marketplace is seen at the next beat', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    const session = market.api.sessions.get('ses_1')!
    session.status = 'paused'
    session.leaseEnd = null
    await market.advance('31s')
    expect(tab.session.getSnapshot().phase).toBe('paused')
  })

  test('of more than half an hour in total ends the session, as the marketplace does it', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab({ href: market.launch({ duration: '2h' }).href })
    for (let pauses = 0; pauses < 2; pauses++) {
      await tab.session.pause()
      await market.advance('14m')
      await tab.session.resume()
      await market.advance('1m')
    }
    await tab.session.pause()
    await market.advance('1m')
    expect(tab.session.getSnapshot().phase).toBe('paused')
    await market.advance('2m')
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'ended', session: { endReason: 'abandoned' } })
  })

  test('before there is a session is refused', async () => {
    const market = createFakeMarketplace()
    const { session } = await market.openTab({ href: 'https://app.test/' })
    await expect(session.pause()).rejects.toMatchObject({ code: 'not_running' })
  })

  test('that cannot be sent rejects after three tries, and the session runs on', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    market.goOffline()
    const refused = expect(tab.session.pause()).rejects.toMatchObject({ code: 'offline' })
    await market.advance('5s')
    await refused
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true })
  })
})

describe('a superseded session', () => {
  test('closes here and says where it went', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    const other = await market.openTab({ href: market.relaunch('ses_1'), browser: market.openBrowser() })
    await market.advance('31s')
    expect(tab.session.getSnapshot()).toMatchObject({
      phase: 'failed',
      error: { code: 'session_superseded' },
    })
    expect(other.session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true })
    expect(tab.leftTo).toBeUndefined()
  })
})

describe('an app with a broken listener', () => {
  test('does not take the session with it', async () => {
    const market = createFakeMarketplace()
    const tab = await market.openTab()
    const loud = console.error
    console.error = () => {}
    const fail = () => {
      throw new Error('broken')
    }
    tab.session.on('warning', fail)
    tab.session.subscribe(fail)
    await market.advance('31m')
    console.error = loud
    expect(tab.leftTo).toContain('reason=expired')
  })
})
