import { expect, test } from 'vitest'
import { createFakeMarketplace, settle } from './testing/index.ts'

type Market = ReturnType<typeof createFakeMarketplace>

const beatsOf = (market: Market) => market.api.requests.filter(({ path }) => path.endsWith('/heartbeat'))

test('what was used until it is disposed of is told, and its time stops', async () => {
  const market = createFakeMarketplace()
  const { session } = await market.openTab()
  await market.advance('40s')
  session.dispose()
  expect(beatsOf(market).at(-1)!.body).toMatchObject({ final: true, activeMs: 10_000 })
  expect(market.read('ses_1')).toMatchObject({ usedMs: 40_000, serveUntil: null })
  await market.advance('60s')
  session.start()
  await market.advance('10s')
  expect(market.read('ses_1').usedMs).toBe(50_000)
})

test('what could not be told when it was disposed of is told by the next start, once', async () => {
  const market = createFakeMarketplace()
  const { session } = await market.openTab()
  await market.advance('29s')
  market.goOffline()
  await market.advance('60s')
  session.dispose()
  await market.advance('5s')
  session.start()
  await market.goOnline()
  await market.advance('1s')
  expect(market.read('ses_1').usedMs).toBe(90_000)
})

test('a page that is disposed of while it finishes stays, and can be left later', async () => {
  const market = createFakeMarketplace()
  let finish = () => {}
  const onBeforeRedirect = () =>
    new Promise<void>((resolve) => {
      finish = resolve
    })
  const tab = await market.openTab({ options: { onBeforeRedirect } })
  tab.session.extend()
  tab.session.dispose()
  finish()
  await market.advance('5s')
  await tab.session.leave()
  expect(tab.leftTo).toBeUndefined()
  tab.session.start()
  await settle()
  tab.session.extend()
  finish()
  await settle()
  expect(tab.leftTo).toContain('reason=extend')
})

test('the other tabs go on at once with the session that one of them disposes of', async () => {
  const market = createFakeMarketplace()
  const first = await market.openTab()
  const second = await market.openTab({ href: 'https://app.test/' })
  await market.advance('10s')
  first.session.dispose()
  await settle()
  expect(second.session.getSnapshot()).toMatchObject({ canServe: true, error: null })
  expect(market.read('ses_1').serveUntil).not.toBeNull()
  await market.advance('5m')
  expect(market.read('ses_1').usedMs).toBe(310_000)
})

test('a page that has said its last word says no other one when it is disposed of: the time since is nobody’s', async () => {
  const market = createFakeMarketplace()
  const tab = await market.openTab()
  await market.advance('20s')
  tab.tell('hide')
  await market.advance('25s')
  tab.session.dispose()
  expect(market.read('ses_1').usedMs).toBe(20_000)
})
