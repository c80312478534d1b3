import { afterEach, expect, test, vi } from 'vitest'
import { createFakeMarketplace, FAKE_API_URL } from './index.ts'

afterEach(() => vi.unstubAllGlobals())

const outcome = ({
  status,
  endReason,
  usedMs,
}: {
  status: string
  endReason: string | null
  usedMs: number
}) => [status, endReason, usedMs / 1000]

test('a session whose tab crashed is abandoned after half an hour of silence, whoever looks or not', async () => {
  const market = createFakeMarketplace()
  const { id, href } = market.launch({ duration: '2h' })
  const tab = await market.openTab({ href })
  await market.advance('60s')
  tab.crash()
  await market.advance('30m')
  expect(outcome(market.read(id))).toEqual(['active', null, 190])
  await market.advance('3h')
  expect(market.api.sessions.get(id)?.status).toBe('ended')
  const { endedAt, startedAt, ...session } = market.read(id)
  expect(outcome(session)).toEqual(['ended', 'abandoned', 60])
  // When it was over, not when somebody looked.
  expect(Date.parse(endedAt!) - Date.parse(startedAt!)).toBe(31 * 60_000 + 1)
})

test('one that nobody validated is cancelled five minutes after its last launch died, and costs nothing', async () => {
  const market = createFakeMarketplace()
  const { id } = market.launch()
  await market.advance('1m')
  const again = market.relaunch(id)
  await market.advance('419s')
  expect(market.read(id).status).toBe('pending')
  await market.advance('1s')
  expect(outcome(market.read(id))).toEqual(['ended', 'cancelled', 0])
  expect(market.read(id).tokensCharged).toBe(0)
  const late = await market.openTab({ href: again })
  expect(late.session.getSnapshot().error?.code).toBe('launch_expired')
})

test('one whose paid time ran out in its lease has expired, with what was confirmed', async () => {
  const market = createFakeMarketplace()
  const { id, href } = market.launch({ duration: '2m' })
  const tab = await market.openTab({ href })
  await market.advance('60s')
  tab.crash()
  // The last beat came at 50 seconds.
  await market.advance('120s')
  expect(market.read(id).status).toBe('active')
  await market.advance('1ms')
  expect(outcome(market.read(id))).toEqual(['ended', 'expired', 50])
})

test('one that sleeps through it all is over as well, and none outlives a day', async () => {
  const market = createFakeMarketplace()
  const asleep = market.launch({ duration: '8h' })
  const tab = await market.openTab({ href: asleep.href })
  await market.sleepLaptop('31m')
  expect(market.read(asleep.id).endReason).toBe('abandoned')
  expect(tab.session.getSnapshot().phase).toBe('ended')
  const long = market.launch({ duration: '25h' })
  await market.openTab({ browser: market.openBrowser(), href: long.href })
  await market.advance('23h')
  expect(market.read(long.id).status).toBe('active')
  await market.advance('1h')
  expect(market.read(long.id).endReason).toBe('expired')
})

test('it works where the test environment has only what Jest’s jsdom has', async () => {
  for (const name of [
    'Response',
    'Request',
    'Headers',
    'fetch',
    'TextEncoder',
    'TextDecoder',
    'ReadableStream',
  ])
    vi.stubGlobal(name, undefined)
  for (const name of ['BroadcastChannel', 'structuredClone', 'setImmediate']) vi.stubGlobal(name, undefined)
  // Some are taken when the module is loaded.
  vi.resetModules()
  const bare = await import('./index.ts')
  const market = bare.createFakeMarketplace()
  const tab = await market.openTab()
  expect(tab.session.getSnapshot().phase).toBe('active')
  market.api.failWith = { status: 429, retryAfterSeconds: 7 }
  const refused = market.api.handle(`${FAKE_API_URL}/api/v1/keys/public`, null)
  expect([refused.ok, refused.status, refused.headers.get('Retry-After')]).toEqual([false, 429, '7'])
  expect([await refused.text(), await refused.json()]).toEqual(['{}', {}])
  market.api.failWith = undefined
  await market.advance('31m')
  expect(tab.leftTo).toContain('reason=expired')
})
