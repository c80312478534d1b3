import { expect, test } from 'vitest'
import { createFakeMarketplace } from './testing/index.ts'

test('a launch that was not answered before the page was loaded anew, or came back from signing in, is validated then', async () => {
  const market = createFakeMarketplace()
  const browser = market.openBrowser()
  const first = await market.openTab({ browser, ports: { fetch: () => new Promise(() => {}) } })
  expect(first.href).not.toContain('launch_jwt')
  first.close()
  const second = await market.openTab({ browser, href: first.href })
  expect(second.session.getSnapshot()).toMatchObject({ phase: 'active', session: { id: 'ses_1' } })
  expect([...browser.storage.values()].join()).not.toContain('launchJwt')
})

test('a launch whose answers the network hides leaves the session before as it was', async () => {
  const market = createFakeMarketplace()
  const browser = market.openBrowser()
  const running = await market.openTab({ browser })
  running.crash()
  const { fetch } = browser.open('https://app.test/').ports
  const hidden = (url: string, init: RequestInit) =>
    url.endsWith('/validate') ? Promise.reject(new TypeError('Failed to fetch')) : fetch(url, init)
  const asking = await market.openTab({ browser, href: market.launch().href, ports: { fetch: hidden } })
  await market.advance('20s')
  expect(asking.session.getSnapshot().error?.code).toBe('origin_not_allowed')
  asking.crash()
  // Asked once more, it is over by now; the one before is not.
  await market.advance('3m')
  const next = await market.openTab({ browser, href: asking.href })
  expect(next.session.getSnapshot()).toMatchObject({ phase: 'active', session: { id: 'ses_1' } })
})

test('a launch that came to nothing is forgotten, also where another session goes on', async () => {
  const market = createFakeMarketplace()
  const browser = market.openBrowser()
  const running = await market.openTab({ browser })
  running.crash()
  const { href } = market.launch()
  const asking = await market.openTab({ browser, href, ports: { fetch: () => new Promise(() => {}) } })
  asking.crash()
  await market.advance('3m')
  const next = await market.openTab({ browser, href: asking.href })
  const goesOn = { phase: 'active', session: { id: 'ses_1' }, error: null }
  expect(next.session.getSnapshot()).toMatchObject(goesOn)
  const last = await next.reload()
  expect(last.session.getSnapshot()).toMatchObject(goesOn)
  const validations = market.api.requests.filter(({ path }) => path.endsWith('/validate'))
  expect(validations).toHaveLength(2)
})
