import { expect, test } from 'vitest'
import { createFakeMarketplace, type OpenTab } from './testing/index.ts'

type Fate = 'unanswered' | 'answered' | 'lost'

/** What becomes of the next requests, one by one; those after them fare well. */
function foresee(tab: OpenTab, fates: Fate[]): void {
  const { fetch } = tab.ports
  tab.ports.fetch = (url, init) => {
    const fate = fates.shift() ?? 'answered'
    if (fate === 'answered') return fetch(url, init)
    if (fate === 'lost') return Promise.reject(new TypeError('Failed to fetch'))
    void fetch(url, init)
    return new Promise((_, reject) => {
      init.signal!.addEventListener('abort', () => reject(new DOMException('', 'AbortError')))
    })
  }
}

test.each<[string, Fate[]]>([
  ['an answer', ['unanswered', 'answered']],
  ['an answer, and its restart is lost', ['unanswered', 'answered', 'lost']],
  ['an answer, and its restart is lost twice', ['unanswered', 'answered', 'lost', 'answered', 'lost']],
  [
    'an answer, and its restart is lost again and again',
    ['unanswered', 'answered', 'lost', 'answered', 'lost', 'answered', 'lost'],
  ],
  ['an answer, and that of its restart, too', ['unanswered', 'answered', 'unanswered', 'unanswered']],
])('the wait for %s to a resumption is not billed', async (_, fates) => {
  const market = createFakeMarketplace()
  const tab = await market.openTab({ href: market.launch({ duration: '2h' }).href })
  await market.advance('10s')
  await tab.session.pause()
  await market.advance('60s')
  const before = market.read('ses_1').usedMs
  foresee(tab, fates)
  let isResumed = false
  tab.session.resume().then(() => {
    isResumed = true
  })
  let servedMs = 0
  for (let tenths = 0; tenths < 800; tenths++) {
    if (tab.session.getSnapshot().canServe) servedMs += 100
    await market.advance('100ms')
  }
  expect(isResumed).toBe(true)
  expect(servedMs).toBeGreaterThan(60_000)
  const billedMs = market.read('ses_1').usedMs - before
  expect(billedMs - servedMs).toBeLessThanOrEqual(1_000)
  expect(servedMs - billedMs).toBeLessThanOrEqual(6_000)
})

test('a tab whose restart was lost goes on when another one was heard', async () => {
  const market = createFakeMarketplace()
  const tab = await market.openTab({ href: market.launch({ duration: '2h' }).href })
  await market.advance('10s')
  const other = await market.openTab({ href: 'https://app.test/' })
  await tab.session.pause()
  await market.advance('60s')
  foresee(tab, ['unanswered', 'answered', 'lost', 'lost', 'lost', 'lost'])
  void tab.session.resume()
  await market.advance('4s')
  other.session.refresh()
  await market.advance('1s')
  other.close()
  const before = market.read('ses_1').usedMs
  await market.advance('5m')
  expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', canServe: true, error: null })
  expect(market.read('ses_1').usedMs - before).toBeGreaterThan(290_000)
  const beats = market.api.requests.filter(({ path }) => path.endsWith('/heartbeat'))
  expect(beats.filter(({ at }) => at > market.now() - 240_000).length).toBeGreaterThan(6)
})
