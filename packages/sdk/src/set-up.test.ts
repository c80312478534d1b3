import { afterEach, expect, test, vi } from 'vitest'
import type { SessionOptions } from './session.ts'
import { createFakeMarketplace } from './testing/index.ts'

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

async function open(options: Partial<SessionOptions>, href?: string) {
  const heard = vi.spyOn(console, 'error').mockImplementation(() => {})
  const market = createFakeMarketplace()
  const tab = await market.openTab({ options, ...(href && { href }) })
  return { code: tab.session.getSnapshot().error?.code, heard: heard.mock.calls.map(([error]) => error.code) }
}

test.each([
  ['an address without its scheme', { apiUrl: 'localhost:4000' }, 'config_invalid'],
  ['an address that is a name', { apiUrl: 'api.example.com' }, 'config_invalid'],
  ['no provider', { providerId: '' }, 'config_invalid'],
  ['the id of another provider', { providerId: 'prv_other' }, 'launch_wrong_provider'],
] as const)('%s is told to the developer, once', async (_, options, code) => {
  expect(await open(options)).toEqual({ code, heard: [code] })
})

test('an origin that is refused is told to the developer by its name', async () => {
  vi.stubGlobal('origin', 'https://app.test')
  const heard = vi.spyOn(console, 'error').mockImplementation(() => {})
  const market = createFakeMarketplace()
  market.api.failWith = { status: 403, code: 'origin_not_allowed' }
  await market.openTab()
  expect(heard.mock.calls).toEqual([
    [expect.objectContaining({ code: 'origin_not_allowed' }), 'https://app.test'],
  ])
})

test('an API below the page’s own origin is one', async () => {
  expect(await open({ apiUrl: '/marketplace' }, 'https://app.test/')).toEqual({
    code: 'launch_missing',
    heard: [],
  })
})

test('what users may meet is not on the console', async () => {
  expect(await open({}, 'https://app.test/')).toEqual({ code: 'launch_missing', heard: [] })
})

test('JSON that is not the API’s does not use up the launch', async () => {
  const market = createFakeMarketplace()
  market.api.failWith = { status: 200 }
  const { session } = await market.openTab()
  expect(session.getSnapshot()).toMatchObject({ phase: 'starting', error: { code: 'offline' } })
  market.api.failWith = undefined
  await market.advance('3s')
  expect(session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true, error: null })
})

test('a launch in an outage that ended with one more failure, as when the network changes, is not taken for one from a wrong origin', async () => {
  const market = createFakeMarketplace()
  const browser = market.openBrowser()
  const { fetch } = browser.open('https://app.test/').ports
  let isChanging = false
  const changing = (url: string, init: RequestInit) => {
    const isLost = isChanging && url.endsWith('/validate')
    if (isLost) isChanging = false
    return isLost ? Promise.reject(new TypeError('Failed to fetch')) : fetch(url, init)
  }
  market.goOffline()
  const { session } = await market.openTab({ browser, ports: { fetch: changing } })
  await market.advance('30s')
  isChanging = true
  await market.goOnline()
  expect(isChanging).toBe(false)
  expect(session.getSnapshot()).toMatchObject({ phase: 'starting', error: { code: 'offline' } })
  await market.advance('30s')
  expect(session.getSnapshot()).toMatchObject({ phase: 'active', error: null })
})
