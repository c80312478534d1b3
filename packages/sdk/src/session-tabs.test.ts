import { expect, test } from 'vitest'
import { createFakeMarketplace, type OpenTab, settle } from './testing/index.ts'

/** A tab that leads, and one that was opened after it. */
async function openTwo() {
  const market = createFakeMarketplace()
  const first = await market.openTab()
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
