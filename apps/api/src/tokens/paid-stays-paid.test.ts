/**
 * What was paid stays so, when it was, whatever else is told meanwhile or again.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addUser, countWaiting, startTestApi, type TestApi } from '../../test/harness.ts'
import { beginPurchase, completed, expired, paymentOf, sendEvent } from '../../test/stripe-events.ts'
import { getAccountBalance } from '../ledger/account-balance.ts'
import { receiveStripeEvent } from './receive-stripe-event.ts'
import { readStripeEvent } from './stripe-event.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const begin = async () => paymentOf(await beginPurchase(api, (await addUser(api)).token, 100))

const find = async <Row>(sql: string, id: string) => (await api.deps.db.batch.query<Row>(sql, [id]))[0]

test('an event waits for another of its purchase that is being noted, and is judged by what that left', async () => {
  const payment = await begin()
  const gone = expired(payment)
  let late: ReturnType<typeof sendEvent> | undefined
  await api.deps.db.inBatch(async (tx) => {
    const event = readStripeEvent(JSON.stringify(completed(payment)))
    await receiveStripeEvent(tx, { event: event!, now: api.clock.now() })
    late = sendEvent(api, gone)
    await expect.poll(() => countWaiting(api), { timeout: 4_000 }).toBe(1)
  })
  expect((await late)?.status).toBe(200)
  expect(await find('select outcome from stripe_events where id = $1', gone.id)).toEqual({
    outcome: 'ignored',
  })
  expect(await find('select status from purchases where id = $1', payment.purchaseId)).toEqual({
    status: 'paid',
  })
})

test('an event that pays again moves neither when it was paid nor a token', async () => {
  const payment = await begin()
  const clearing = () => api.deps.db.inBatch((tx) => getAccountBalance(tx, 'stripe_clearing'))
  const before = await clearing()
  await sendEvent(api, completed(payment))
  const paidAt = api.clock.now()
  api.clock.advance({ hours: 24 })
  expect((await sendEvent(api, completed(payment))).status).toBe(200)
  expect(await find('select paid_at as "paidAt" from purchases where id = $1', payment.purchaseId)).toEqual({
    paidAt,
  })
  expect(await clearing()).toBe(before - 100)
})
