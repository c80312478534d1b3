import { expect, test } from 'vitest'
import { createFakeMarketplace, settle } from './testing/index.ts'

/** A tab that leads, and one that was opened after it. */
async function openTwo() {
  const market = createFakeMarketplace()
  const first = await market.openTab()
  await market.advance('5s')
  const second = await market.openTab({ href: 'https://app.test/' })
  await market.advance('5s')
  return { market, first, second }
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
