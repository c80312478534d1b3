import { expect, test } from 'vitest'
import { createFakeMarketplace, FAKE_PROVIDER_ID, settle } from './testing/index.ts'

test('a launch that was not answered before the page was loaded anew, or came back from signing in, is validated then', async () => {
  const market = createFakeMarketplace()
  const browser = market.openBrowser()
  const { href, launchJwt } = market.launch()
  const first = await market.openTab({ browser, href, ports: { fetch: () => new Promise(() => {}) } })
  expect(first.href).not.toContain('launch_jwt')
  first.close()
  const second = await market.openTab({ browser, href: first.href })
  expect(second.session.getSnapshot()).toMatchObject({ phase: 'active', session: { id: 'ses_1' } })
  expect([...browser.storage.values()].join()).not.toContain(launchJwt)
})

test('a launch that waits for its answer outlives what another tab keeps of the session that runs there', async () => {
  const market = createFakeMarketplace()
  const browser = market.openBrowser()
  const running = await market.openTab({ browser })
  const { href } = market.launch()
  const asking = await market.openTab({ browser, href, ports: { fetch: () => new Promise(() => {}) } })
  // Its beats keep the record that all tabs read.
  await market.advance('31s')
  asking.close()
  const mended = await market.openTab({ browser, href: asking.href })
  expect(mended.session.getSnapshot()).toMatchObject({ phase: 'active', session: { id: 'ses_2' } })
  expect(running.session.getSnapshot()).toMatchObject({ phase: 'active', session: { id: 'ses_2' } })
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

// As a deep link does it in React Native, where no page is loaded anew.
test.each<[string, () => Response | undefined]>([
  ['answered', () => undefined],
  ['refused', () => Response.json({ code: 'launch_invalid' }, { status: 401 })],
  ['answered by nobody', () => Response.error()],
])('a launch that comes while the one before is on its way is the one that goes on, once that is %s', async (_, toAnswer) => {
  const market = createFakeMarketplace()
  const browser = market.openBrowser()
  const { fetch } = browser.open('https://app.test/').ports
  let answer = () => {}
  const held = (url: string, init: RequestInit) =>
    url.endsWith('/validate')
      ? new Promise<Response>((resolve) => {
          answer = () => resolve(toAnswer() ?? fetch(url, init))
        })
      : fetch(url, init)
  const tab = await market.openTab({ browser, ports: { fetch: held } })
  tab.session.dispose()
  tab.href = market.launch().href
  tab.ports.fetch = fetch
  const started = tab.session.start()
  answer()
  await settle()
  expect(await started).toMatchObject({ phase: 'active', session: { id: 'ses_2' }, error: null })
  expect(tab.session.getSessionJwt()).toContain('ses_2')
})

test.each([
  '{}',
  '[]',
  '"text"',
  '7',
  'null',
  '{"clientId":8}',
  'no JSON',
])('a storage that holds %s is begun anew', async (kept) => {
  const market = createFakeMarketplace()
  const browser = market.openBrowser()
  browser.storage.set(`tm:${FAKE_PROVIDER_ID}`, kept)
  const { session } = await market.openTab({ browser })
  expect(session.getSnapshot()).toMatchObject({ phase: 'active', error: null })
  expect(market.api.requests[0]!.body.clientId).toMatch(/^\d{16,48}$/)
})

/** Its second beat is heard, no answer comes any more, and its last word is lost. */
async function leaveUntold() {
  const market = createFakeMarketplace()
  const tab = await market.openTab()
  await market.advance('40s')
  const { fetch } = tab.ports
  tab.ports.fetch = (url, init) => {
    void fetch(url, init)
    return Promise.reject(new TypeError('Failed to fetch'))
  }
  await market.advance('90s')
  tab.setVisible(false)
  tab.crash()
  expect(market.api.sessions.get('ses_1')).toMatchObject({ sequence: 3, usedMs: 60_000 })
  return market
}

test('what the session before could not tell is told when a launch takes its place, and not of that one', async () => {
  const market = await leaveUntold()
  const next = await market.openTab()
  expect(next.session.getSnapshot()).toMatchObject({ phase: 'active', session: { id: 'ses_2' } })
  expect(market.read('ses_1')).toMatchObject({ usedMs: 130_000, serveUntil: null })
  const beats = market.api.requests.filter(({ path }) => path === '/sessions/ses_2/heartbeat')
  expect(beats.map(({ body }) => body.activeMs)).toEqual([0])
})

test('what a session could not tell is told by it when it goes on because a launch was refused', async () => {
  const market = await leaveUntold()
  const next = await market.openTab({ href: 'https://app.test/?launch_jwt=stale' })
  await market.advance('1s')
  expect(next.session.getSnapshot()).toMatchObject({ phase: 'active', session: { id: 'ses_1' } })
  expect(market.read('ses_1').usedMs).toBe(131_000)
})
