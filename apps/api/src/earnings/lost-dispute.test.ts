/**
 * A dispute that was lost and left no debt: another payment of the buyer has made up for it, and can be disputed as well.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addEarningProvider } from '../../test/earning-provider.ts'
import { accessTokenOf, addUser, type TestUser } from '../../test/harness.ts'
import { type SessionMarket, startSessionMarket } from '../../test/session-market.ts'
import {
  beginPurchase,
  completed,
  disputeClosed,
  disputed,
  type Payment,
  paymentOf,
  sendEvent,
} from '../../test/stripe-events.ts'

let it: SessionMarket

beforeAll(async () => {
  it = await startSessionMarket()
})
afterAll(() => it.close())

const later = (days: number) => it.api.clock.advance({ hours: days * 24, minutes: 15 })

async function buy(user: TestUser): Promise<Payment> {
  it.api.clock.advance({ seconds: 1 })
  const payment = paymentOf(await beginPurchase(it.api, await accessTokenOf(it.api, user.id), 100))
  await sendEvent(it.api, completed(payment))
  return payment
}

/** A buyer whose first payment was spent on what the provider earned 64 with. */
async function spendFirst() {
  const mine = await addEarningProvider(it)
  const buyer = await addUser(it.api)
  const first = await buy(buyer)
  await it.play({ user: buyer, minutes: 20, of: mine.providerId })
  return { mine, buyer, first }
}

async function lose(payment: Payment): Promise<void> {
  await sendEvent(it.api, disputed(payment))
  await sendEvent(it.api, disputeClosed(payment, 'lost'))
}

const held = { balance: 64, pending: 0, disputed: 64, payable: 0 }
const due = { balance: 64, pending: 0, disputed: 0, payable: 64 }

test('what the second paid for is held back until it is 30 days old', async () => {
  const { mine, buyer, first } = await spendFirst()
  later(25)
  const second = await buy(buyer)
  await sendEvent(it.api, disputed(first))
  later(6)
  await sendEvent(it.api, disputeClosed(first, 'lost'))
  // Nothing is owed: the second payment's tokens were taken instead.
  expect((await it.as(buyer, 'GET', '/tokens/balance')).body).toEqual({ available: 20, held: 0, total: 20 })
  expect(await mine.earnings()).toMatchObject(held)
  expect((await mine.pay('', {})).body.code).toBe('payout_exceeds_payable')
  later(23)
  expect(await mine.earnings()).toMatchObject(held)
  later(1)
  expect(await mine.earnings()).toMatchObject(due)
  // And whatever becomes of the second from then on is as after every payout.
  await lose(second)
  expect(await mine.earnings()).toMatchObject(held)
})

test('the second is disputed as well: what both paid for goes to nobody', async () => {
  const { mine, buyer, first } = await spendFirst()
  later(25)
  const second = await buy(buyer)
  await lose(first)
  later(6)
  await lose(second)
  expect((await it.as(buyer, 'GET', '/tokens/balance')).body).toMatchObject({ total: 0, debt: 80 })
  later(40)
  expect(await mine.earnings()).toMatchObject(held)
})

test('a second that is old already holds back nothing more', async () => {
  const { mine, buyer, first } = await spendFirst()
  await buy(buyer)
  later(31)
  await sendEvent(it.api, disputed(first))
  expect(await mine.earnings()).toMatchObject(held)
  await sendEvent(it.api, disputeClosed(first, 'lost'))
  expect(await mine.earnings()).toMatchObject(due)
})

test('what the buyer pays for after it was taken back made up for nothing', async () => {
  const { mine, buyer, first } = await spendFirst()
  await buy(buyer)
  later(31)
  await lose(first)
  await buy(buyer)
  expect(await mine.earnings()).toMatchObject(due)
})
