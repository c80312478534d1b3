/**
 * What of earnings can be paid out when, and what that is worth where a token costs more than a cent.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addEarningProvider } from '../../test/earning-provider.ts'
import { type SessionMarket, startSessionMarket } from '../../test/session-market.ts'

let it: SessionMarket
beforeAll(async () => {
  it = await startSessionMarket({ users: 1, env: { TOKEN_PRICE_CENTS: '3' } })
})
afterAll(() => it.close())

test('nothing is payable before all of its quarter of an hour is 30 days old; then at the price of a token', async () => {
  const mine = await addEarningProvider(it)
  // From 12:00 to 12:07:30: 30 tokens, of which the platform takes 6.
  await it.play({ user: it.users[0]!, minutes: 7.5, of: mine.providerId })
  it.api.clock.advance({ hours: 30 * 24, minutes: 7, seconds: 29 })
  expect(await mine.earnings()).toMatchObject({ pending: 24, payable: 0 })
  expect((await mine.pay('', {})).body).toMatchObject({ code: 'payout_exceeds_payable', available: 0 })
  it.api.clock.advance({ seconds: 1 })
  expect(await mine.earnings()).toMatchObject({ pending: 0, payable: 24 })
  expect((await mine.pay('', { amount: 10 })).body).toMatchObject({ amount: 10, amountCents: 30 })
})
