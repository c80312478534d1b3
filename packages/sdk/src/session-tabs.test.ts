import { expect, test } from 'vitest'
import { createFakeMarketplace, FAKE_PROVIDER_ID, type OpenTab, settle } from './testing/index.ts'

/** A tab that leads, and one that was opened after it. */
async function openTwo(options = {}) {
  const market = createFakeMarketplace()
  const first = await market.openTab({ options })
  await market.advance('5s')
  const second = await market.openTab({ href: 'https://app.test/' })
  await market.advance('5s')
  return { market, first, second }
}

/** Requests arrive at once; their answers wait until they are let through. */
function holdAnswers(tab: OpenTab): () => void {
  const { fetch } = tab.ports
  let letThrough!: () => void
  const isThrough = new Promise<void>((resolve) => {
    letThrough = resolve
  })
  tab.ports.fetch = async (url, init) => {
    const answer = await fetch(url, init)
    await isThrough
    return answer
  }
  return () => {
    tab.ports.fetch = fetch
    letThrough()
  }
}

test('a hidden tab whose session ended goes on with the next one, and is not sent away when it is looked at', async () => {
  const { market, first, second } = await openTwo()
  first.setVisible(false)
  await second.session.complete()
  await settle()
  expect(first.session.getSnapshot().phase).toBe('ended')
  await market.openTab({ href: market.launch().href })
  await market.advance('5s')
  const running = { phase: 'active', session: { id: 'ses_2' } }
  expect(first.session.getSnapshot()).toMatchObject(running)
  first.setVisible(true)
  await settle()
  expect(first.leftTo).toBeUndefined()
  expect(first.session.getSnapshot()).toMatchObject(running)
})

test('the session launched last goes on in all tabs, also where it is the older one', async () => {
  const market = createFakeMarketplace()
  const first = await market.openTab({ href: market.launch().href })
  await market.advance('40s')
  const second = await market.openTab({ href: market.launch().href })
  await market.advance('40s')
  const third = await market.openTab({ href: market.relaunch('ses_1') })
  await market.advance('2m')
  const ids = [first, second, third].map(({ session }) => session.getSnapshot().session?.id)
  expect(ids).toEqual(['ses_1', 'ses_1', 'ses_1'])
  const before = market.read('ses_2').usedMs
  await market.advance('2m')
  expect(market.read('ses_2').usedMs).toBe(before)
})

test('an answer that is older than what another tab has heard does not open a gate again', async () => {
  const { market, first, second } = await openTwo()
  const letThrough = holdAnswers(first)
  first.session.refresh()
  await market.advance('500ms')
  await second.session.pause()
  await settle()
  expect(first.session.getSnapshot()).toMatchObject({ phase: 'paused', canServe: false })
  letThrough()
  await settle()
  expect(first.session.getSnapshot()).toMatchObject({ phase: 'paused', canServe: false })
  const kept = JSON.parse(first.ports.storage.get('tm:prv_fake')!)
  expect(kept.session.status).toBe('paused')
})

test('a frozen tab that runs for a moment behind others does not keep a session that they ended', async () => {
  const { market, first, second } = await openTwo({ redirect: false })
  const waiting: (() => void)[] = []
  let isFrozen = false
  const { channel } = second.ports
  second.ports.channel = (name, receive) =>
    channel(name, (message) => (isFrozen ? waiting.push(() => receive(message)) : receive(message)))
  second.session.dispose()
  await second.session.start()
  second.setVisible(false)
  await market.advance('5s')

  // Less than the jump of the clocks after which it would ask.
  isFrozen = true
  second.freeze()
  await market.advance('30s')
  await first.session.complete()
  await settle()
  isFrozen = false
  // The event `resume` comes before everything that waited.
  second.tell('hidden')
  for (const receive of waiting) receive()
  await settle()
  expect(second.session.getSnapshot().phase).toBe('ended')

  const visitor = await market.openTab({ href: 'https://app.test/', options: { isOptional: true } })
  await market.advance('1s')
  expect(visitor.session.getSnapshot().error?.code).toBe('launch_missing')
  expect(visitor.leftTo).toBeUndefined()
})

test('another script’s message on the line of the tabs takes no sequence away', async () => {
  const market = createFakeMarketplace()
  const browser = market.openBrowser()
  await market.openTab({ browser })
  const line = browser.open('https://app.test/other').ports.channel(`tm:${FAKE_PROVIDER_ID}`, () => {})
  for (const message of ['{}', '[]', '1', '{"sequence":"next"}', '{"session":{"id":"ses_1"}}'])
    line.post(message)
  await market.advance('31s')
  expect(market.api.requests.map(({ body }) => body.sequence)).toEqual([undefined, 1, 2])
})
