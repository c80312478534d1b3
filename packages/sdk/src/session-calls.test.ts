import { expect, test } from 'vitest'
import { createSession } from './create-session.ts'
import { createFakeMarketplace, FAKE_API_URL, FAKE_PROVIDER_ID, settle } from './testing/index.ts'

test.each([
  'pause',
  'resume',
  'complete',
] as const)('%s before the launch could be validated is refused and takes nothing from the launch', async (action) => {
  const market = createFakeMarketplace()
  market.goOffline()
  const tab = await market.openTab()
  await expect(tab.session[action]()).rejects.toMatchObject({ code: 'not_running' })
  expect(tab.session.getSnapshot()).toMatchObject({ phase: 'starting', error: { code: 'offline' } })
  await market.goOnline()
  await market.advance('5s')
  expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true })
})

test('before the start nothing throws: components inside of a provider mount before it', async () => {
  const market = createFakeMarketplace()
  const { ports } = market.openBrowser().open(market.launch().href)
  const session = createSession({ apiUrl: FAKE_API_URL, providerId: FAKE_PROVIDER_ID }, () => ports)
  expect(session.refresh).not.toThrow()
  expect(session.dismissWarning).not.toThrow()
  await session.leave()
  await session.extend()
  await expect(session.pause()).rejects.toMatchObject({ code: 'not_running' })
  expect(await session.start()).toMatchObject({ phase: 'active', isWarningDismissed: false })
})

test('a minute disposed of is not told as use', async () => {
  const market = createFakeMarketplace()
  const tab = await market.openTab()
  await market.advance('31s')
  tab.session.dispose()
  await market.advance('60s')
  tab.session.start()
  await market.advance('1s')
  expect(market.api.sessions.get('ses_1')!.usedMs).toBeLessThanOrEqual(32_000)
})

test('what an outage left untold is told once, though the session was disposed of and started again', async () => {
  const market = createFakeMarketplace()
  const tab = await market.openTab()
  await market.advance('29s')
  market.goOffline()
  await market.advance('31s')
  tab.session.dispose()
  tab.session.start()
  await settle()
  await market.sleepLaptop('66s')
  await market.goOnline()
  await settle()
  expect(market.api.sessions.get('ses_1')!.usedMs).toBeLessThanOrEqual(60_000)
})

test('who disposed of a session is led nowhere by an answer that comes later', async () => {
  const market = createFakeMarketplace()
  const tab = await market.openTab()
  Object.assign(market.api.sessions.get('ses_1')!, {
    status: 'ended',
    endReason: 'expired',
    endedAt: market.now(),
  })
  tab.session.refresh()
  tab.session.dispose()
  await market.advance('5s')
  expect([tab.session.getSnapshot().phase, tab.leftTo]).toEqual(['ended', undefined])
})

test('who disposes of a session when told of its end is led nowhere', async () => {
  const market = createFakeMarketplace()
  const tab = await market.openTab()
  const { session } = tab
  session.on('end', session.dispose)
  await session.complete()
  await market.advance('5s')
  expect([session.getSnapshot().phase, tab.leftTo]).toEqual(['ended', undefined])
})

test('who disposed of a launch that had expired is led nowhere', async () => {
  const market = createFakeMarketplace()
  const { href } = market.launch()
  await market.advance('3m')
  const tab = market.openBrowser().open(href)
  const session = createSession({ apiUrl: FAKE_API_URL, providerId: FAKE_PROVIDER_ID }, () => tab.ports)
  session.start()
  session.dispose()
  await market.advance('5s')
  expect([session.getSnapshot().error?.code, tab.leftTo]).toEqual(['launch_expired', undefined])
})

test('a pause that somebody else answers, in JSON of their own, is refused as the network’s fault', async () => {
  const market = createFakeMarketplace()
  const tab = await market.openTab()
  const { fetch } = tab.ports
  tab.ports.fetch = async () => Response.json({ portal: 'Please sign in to the network.' })
  await expect(tab.session.pause()).rejects.toMatchObject({ name: 'MarketplaceError', code: 'offline' })
  tab.ports.fetch = fetch
  await tab.session.pause()
  expect(tab.session.getSnapshot()).toMatchObject({ phase: 'paused', error: null })
})

test.each(['pause', 'complete'] as const)('%s is tried again when the API asked it to be', async (action) => {
  const market = createFakeMarketplace()
  const { session } = await market.openTab()
  market.api.failWith = { status: 503, code: 'unavailable', retryAfterSeconds: 4 }
  const done = session[action]()
  await settle()
  const before = market.api.requests.length
  await market.advance('3900ms')
  expect(market.api.requests).toHaveLength(before)
  market.api.failWith = undefined
  await market.advance('200ms')
  expect((await done).session?.status).toBe(action === 'pause' ? 'paused' : 'ended')
})

test('a pause that the API wants to wait longer for than a person would is refused at once, and says how long', async () => {
  const market = createFakeMarketplace()
  const { session } = await market.openTab()
  market.api.failWith = { status: 429, retryAfterSeconds: 60 }
  const before = market.api.requests.length
  await expect(session.pause()).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 60_000 })
  expect(market.api.requests).toHaveLength(before + 1)
})
